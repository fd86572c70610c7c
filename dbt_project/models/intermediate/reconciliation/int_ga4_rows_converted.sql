-- One row per purchase row of GA4, with its shop and the order its transaction id names. A property
-- belongs to one shop; an id that names another shop's order belongs there. Amounts in the shop's
-- currency (NULL while no rate is known). Apart from int_ga4_rows_placed, which looks at all rows
-- of an order: a few dates' rows are read here by themselves.
with

shops as (

    select * from {{ ref('int_shops') }}

),

transactions as (

    select
        ga4_rows.*,
        properties.connection_id as property_shop_id
    from {{ ref('stg_ga4__transactions') }} as ga4_rows
    left join {{ ref('int_ga4_properties_matched') }} as properties
        on
            ga4_rows.connection_id = properties.ga4_connection_id
            and ga4_rows.property_id = properties.property_id

),

joined as (

    select
        connection_id,
        order_id,
        ga4_connection_id,
        property_id,
        nullif(replace(trim(transaction_id), '#', ''), '') as transaction_key
    from {{ ref('int_ga4_transactions_joined') }}

),

-- A second property of the shop tells of the same order once more.
placed as (

    select
        coalesce(joined.connection_id, transactions.property_shop_id) as connection_id,
        joined.order_id,
        transactions.connection_id as ga4_connection_id,
        transactions.property_id,
        transactions.transaction_date,
        transactions.transaction_key,
        transactions.session_source,
        transactions.session_medium,
        transactions.purchase_count,
        transactions.purchase_amount,
        transactions.currency_code
    from transactions
    left join joined
        on
            transactions.transaction_key = joined.transaction_key
            and (
                transactions.property_shop_id = joined.connection_id
                or (
                    transactions.connection_id = joined.ga4_connection_id
                    and transactions.property_id = joined.property_id
                )
            )

),

final as (

    select
        placed.connection_id,
        placed.order_id,
        placed.ga4_connection_id,
        placed.property_id,
        placed.transaction_date,
        placed.transaction_key,
        placed.session_source,
        placed.session_medium,
        placed.purchase_count,
        placed.currency_code <> shops.currency_code as is_converted,
        {{ amount(converted_amount(
            'placed.purchase_amount',
            'placed.currency_code',
            'shops.currency_code',
            'placed.transaction_date'
        )) }} as purchase_amount
    from placed
    inner join shops on placed.connection_id = shops.connection_id

)

select * from final
