with

source as (

    select * from {{ source('files', 'unit_costs') }}

),

renamed as (

    select
        connection_id,
        trim(sku) as sku,
        valid_from as valid_from_date,
        unit_cost_amount,
        upper(currency_code) as currency_code,
        product_name,
        note,
        file_name,
        line_number,
        _load_id as load_id
    from source

)

select * from renamed
