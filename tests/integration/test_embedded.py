def test_x(warehouse, clean_warehouse):
    import psycopg
    with psycopg.connect(warehouse.dsn("bi_reader")) as c: print(c.execute("show search_path").fetchall(), c.execute("select version()").fetchall())
