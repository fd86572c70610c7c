{#- Everything that hangs together with what the run's loads brought. Each step of the recursion goes to the
neighbours of one more node, by what is kept; what is new has both its ends among the seeds. -#}
{% macro note_connected() -%}
    {%- set orders = adapter.get_relation(target.database, 'intermediate', 'int_orders_identified') -%}
    {%- set identities = adapter.get_relation(target.database, 'intermediate', 'int_identities_stitched') -%}
    {%- set purchases = adapter.get_relation(target.database, 'intermediate', 'int_purchases_matched') -%}
    {%- set visitors = adapter.get_relation(target.database, 'intermediate', 'int_order_visitors') -%}
    create temporary table connected on commit drop as
    with recursive

    unfinished as materialized (

        {{ unfinished_nodes() | indent(8) }}

    ),

    changed_orders as materialized (
        {% for model in ['stg_shopify__orders', 'stg_woocommerce__orders'] %}
        select
            changed.connection_id,
            changed.order_id,
            changed.order_number,
            changed.created_at,
            {{ customer_key('changed.customer_id', 'changed.connection_id') }} as customer_key,
            {{ email_key(
                'changed.customer_email_hash' if 'woo' in model else 'cast(null as text)',
                'changed.connection_id'
            ) }} as email_key
        from {{ ref(model) }} as changed
        where {{ is_pending('changed.load_id') }}
        {{ 'union all' if not loop.last }}
        {% endfor %}
    ),

    changed_answers as materialized (

        select
            answers.response_id,
            answers.order_key
        from {{ ref('stg_files__post_purchase_survey') }} as answers
        where {{ is_pending('answers.load_id') }}

    ),

    -- The orders that corrected answers were about.
    told_orders as materialized (

        select
            told.connection_id,
            told.order_id,
            told.order_number
        from {{ orders }} as told
        where
            told.response_ids is not null
            and told.response_ids && (select array_agg(response_id) from changed_answers)
            -- Asked first: without an answer no order is read.
            and exists(select 1 from changed_answers)

    ),

    -- A guest's answer may name an order by its id or its number, which other shops have too.
    named_orders as materialized (

        select order_id as order_key
        from changed_orders

        union

        select order_number as order_key
        from changed_orders
        where order_number is not null

        union

        select renamed.order_number
        from changed_orders
        inner join {{ orders }} as renamed
            on
                changed_orders.connection_id = renamed.connection_id
                and changed_orders.order_id = renamed.order_id
        where renamed.order_number is not null

        union

        select order_key
        from changed_answers
        where order_key is not null

    ),

    -- All orders with such a name: an answer or a transaction may mean another of them now.
    meant_orders as materialized (

        select
            connection_id,
            order_id,
            order_number
        from changed_orders

        union

        select
            connection_id,
            order_id,
            order_number
        from told_orders
        {%- for key in ['order_id', 'order_number'] %}

        union

        select
            meant.connection_id,
            meant.order_id,
            meant.order_number
        from named_orders
        inner join {{ orders }} as meant on named_orders.order_key = meant.{{ key }}
        {%- endfor %}

    ),

    -- What is told of them now; an order's own row need not be new for it to be a guest's address.
    told_addresses as (
        {% for key in ['order_id', 'order_number'] %}
        select
            meant_orders.connection_id,
            {{ email_key('answers.customer_email_hash', 'meant_orders.connection_id') }} as email_key
        from meant_orders
        inner join {{ ref('stg_files__post_purchase_survey') }} as answers
            on meant_orders.{{ key }} = answers.order_key
        {{ 'union all' if not loop.last }}
        {% endfor %}
    ),

    changed_customers as materialized (
        {% for model, column in [
            ('stg_shopify__customers', 'email_hash'),
            ('stg_woocommerce__customers', 'customer_email_hash')
        ] %}
        select
            changed.connection_id,
            {{ customer_key('changed.customer_id', 'changed.connection_id') }} as customer_key,
            {{ email_key('changed.' ~ column, 'changed.connection_id') }} as email_key,
            changed.created_at
        from {{ ref(model) }} as changed
        where {{ is_pending('changed.load_id') }}
        {{ 'union all' if not loop.last }}
        {% endfor %}
    ),

    moved_orders as materialized (

        select
            moved.connection_id,
            moved.order_id,
            {{ customer_key('moved.kept_customer_id', 'moved.connection_id') }} as customer_key
        from {{ ref('stg_shopify__moved_orders') }} as moved
        where {{ is_pending('moved.load_id') }}

        union

        -- An order may come later than the list of its day that says whose it is now.
        select
            moved.connection_id,
            moved.order_id,
            {{ customer_key('moved.kept_customer_id', 'moved.connection_id') }} as customer_key
        from changed_orders
        inner join {{ ref('stg_shopify__moved_orders') }} as moved
            on
                changed_orders.connection_id = moved.connection_id
                and changed_orders.order_id = moved.order_id
        where {{ is_of_orders('moved', 'changed_orders') }}

    ),

    changed_sessions as materialized (

        select
            changed.connection_id,
            changed.visitor_id,
            changed.transaction_key
        from {{ ref('int_export_sessions') }} as changed
        where {{ is_pending('changed.load_id') }}

    ),

    seeds as (

        select
            node_type,
            connection_id,
            node_id
        from unfinished

        union all

        select
            'order',
            connection_id,
            order_id
        from meant_orders

        union all

        select
            'identity',
            connection_id,
            customer_key
        from changed_orders

        union all

        select
            'identity',
            connection_id,
            email_key
        from changed_orders

        union all

        select
            'identity',
            connection_id,
            email_key
        from told_addresses

        union all

        select
            'identity',
            connection_id,
            customer_key
        from changed_customers

        union all

        select
            'identity',
            connection_id,
            email_key
        from changed_customers

        union all

        select
            'order',
            connection_id,
            order_id
        from moved_orders

        union all

        select
            'identity',
            connection_id,
            customer_key
        from moved_orders

        union all

        -- The shop may have taken a merge back; merges are few.
        select
            'identity',
            merged.connection_id,
            merged.identity_id
        from {{ identities }} as merged
        where merged.stitching_rule = 'shop_merge'

        union all

        select
            'visitor',
            connection_id,
            visitor_id
        from changed_sessions

        union all

        -- A purchase may come before its order or after it.
        select
            'order',
            bought.connection_id,
            bought.order_id
        from changed_sessions
        inner join {{ orders }} as bought on changed_sessions.transaction_key = bought.order_id

        union all

        select
            'order',
            bought.connection_id,
            bought.order_id
        from changed_sessions
        inner join {{ orders }} as bought on changed_sessions.transaction_key = bought.order_number

        union all

        select
            'visitor',
            sessions.connection_id,
            sessions.visitor_id
        from named_orders
        inner join {{ ref('int_export_sessions') }} as sessions
            on named_orders.order_key = sessions.transaction_key

    ),

    connected as (

        select
            node_type,
            connection_id,
            node_id
        from seeds
        where node_id is not null

        union

        select neighbours.*
        from connected
        cross join lateral (
            {{ neighbours_of_orders(orders, purchases) | indent(12) }}
            union all
            {{ neighbours_of_identities(orders, identities) | indent(12) }}
            union all
            {{ neighbours_of_visitors(visitors) | indent(12) }}
        ) as neighbours
        where neighbours.node_id is not null

    )

    select
        connected.node_type,
        connected.connection_id,
        connected.node_id,
        case when changed.customer_key is null then kept.email_key else changed.email_key end
            as email_key,
        case when changed.customer_key is null then kept.linked_at else changed.created_at end
            as linked_at
    from connected
    left join changed_customers as changed
        on
            connected.node_type = 'identity'
            and connected.connection_id = changed.connection_id
            and connected.node_id = changed.customer_key
    left join {{ identities }} as kept
        on
            connected.node_type = 'identity'
            and connected.connection_id = kept.connection_id
            and connected.node_id = kept.identity_id;
    delete from {{ source('analysis', 'restitched') }};
    insert into {{ source('analysis', 'restitched') }}
        (measure_run_id, node_type, connection_id, node_id, email_key, linked_at)
    select
        (select runs.measure_run_id from {{ source('quality', 'current_measure_run') }} as runs),
        node_type,
        connection_id,
        node_id,
        email_key,
        linked_at
    from connected;
    analyze {{ source('analysis', 'restitched') }}
{%- endmacro %}

{% macro neighbours_of_orders(orders, purchases) -%}
    select
        'identity' as node_type,
        orders.connection_id,
        keys.node_id
    from {{ orders }} as orders
    cross join lateral (values (orders.customer_key), (orders.email_key)) as keys (node_id)
    where
        connected.node_type = 'order'
        and orders.connection_id = connected.connection_id
        and orders.order_id = connected.node_id
    union all
    select
        'visitor',
        purchases.export_connection_id,
        purchases.person_id
    from {{ purchases }} as purchases
    where
        connected.node_type = 'order'
        and purchases.connection_id = connected.connection_id
        and purchases.order_id = connected.node_id
{%- endmacro %}

{% macro neighbours_of_identities(orders, identities) -%}
    {%- for key in ['customer_key', 'email_key'] %}
    select
        'order',
        orders.connection_id,
        orders.order_id
    from {{ orders }} as orders
    where connected.node_type = 'identity' and orders.{{ key }} = connected.node_id
    union all
    {%- endfor %}
    select
        'identity',
        identities.connection_id,
        keys.node_id
    from {{ identities }} as identities
    cross join lateral (values (identities.customer_id), (identities.email_key)) as keys (node_id)
    where
        connected.node_type = 'identity'
        and identities.connection_id = connected.connection_id
        and identities.identity_id = connected.node_id
    union all
    select
        'identity',
        identities.connection_id,
        identities.identity_id
    from {{ identities }} as identities
    where connected.node_type = 'identity' and identities.email_key = connected.node_id
{%- endmacro %}

{#- Visitors and users of the export; ids of two properties never meet. A visitor who bought an order is one of
its visitors. -#}
{% macro neighbours_of_visitors(visitors) -%}
    select
        'order',
        visitors.connection_id,
        visitors.order_id
    from {{ visitors }} as visitors
    where connected.node_type = 'visitor' and visitors.visitor_id = connected.node_id
    union all
    select
        'visitor',
        sessions.connection_id,
        sessions.user_id
    from {{ ref('int_export_sessions') }} as sessions
    where connected.node_type = 'visitor' and sessions.visitor_id = connected.node_id
    union all
    select
        'visitor',
        sessions.connection_id,
        sessions.visitor_id
    from {{ ref('int_export_sessions') }} as sessions
    where connected.node_type = 'visitor' and sessions.user_id = connected.node_id
{%- endmacro %}
