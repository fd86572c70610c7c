with

source as (

    select * from {{ source('woocommerce', 'customers') }}

),

renamed as (

    select
        connection_id,
        cast(customer_id as text) as customer_id,
        role as customer_role,
        nullif(email, '') as customer_email_hash,
        date_created_gmt as created_at,
        date_modified_gmt as updated_at,
        is_paying_customer,
        upper(nullif(billing_country, '')) as country_code,
        _load_id as load_id
    from source

)

select * from renamed
