with

source as (

    select * from {{ source('files', 'post_purchase_survey') }}

),

renamed as (

    select
        connection_id,
        response_id,
        submitted_at,
        nullif(replace(trim(order_name), '#', ''), '') as order_key,
        customer_email as customer_email_hash,
        customer_phone as customer_phone_hash,
        question,
        answer,
        {{ handle_key('creator_handle') }} as creator_handle_key,
        lower(platform) as platform,
        {{ code_key('discount_code') }} as code_key,
        comment,
        file_name,
        line_number,
        _load_id as load_id
    from source

)

select * from renamed
