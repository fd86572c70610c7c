{{ config(post_hook='analyze {{ this }}') }}

with

responses as (

    select * from {{ ref('stg_files__post_purchase_survey') }}

),

accounts as (

    select
        platform,
        handle_key,
        min(creator_id) as creator_id
    from {{ ref('stg_campaign_plan__creator_accounts') }}
    group by platform, handle_key

),

final as (

    select
        responses.connection_id,
        responses.response_id,
        responses.submitted_at,
        responses.order_key,
        responses.question,
        responses.answer,
        responses.platform,
        responses.creator_handle_key as handle,
        accounts.creator_id,
        responses.code_key
    from responses
    left join accounts
        on
            responses.platform = accounts.platform
            and responses.creator_handle_key = accounts.handle_key

)

select * from final
