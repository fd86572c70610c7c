{{ config(post_hook='analyze {{ this }}') }}

with

owned as (

    select * from {{ ref('int_codes_owned') }}

),

final as (

    select
        connection_id,
        code_key,
        code,
        campaign_id,
        creator_id,
        discount_rate,
        compromised_from_date,
        valid_from_date,
        valid_to_date
    from owned

)

select * from final
