-- One row per campaign post, day and currency: what was paid to show the post to more people, as
-- the files of paid ads tell by its address. Two addresses of one post differ in what follows the
-- question mark; a post of two campaigns is paid for once.
with

posts as (

    select
        {{ url_key('permalink') }} as post_url_key,
        campaign_id,
        creator_id,
        platform,
        post_id,
        row_number() over (
            partition by {{ url_key('permalink') }} order by campaign_id, platform, post_id
        ) as campaign_number
    from {{ ref('int_posts_matched') }}
    where permalink is not null

),

boosts as (

    select
        {{ url_key('source_post_url') }} as post_url_key,
        cost_date,
        currency_code,
        sum(spend_amount) as spend_amount
    from {{ ref('stg_files__paid_ads_costs') }}
    where source_post_url is not null
    group by {{ url_key('source_post_url') }}, cost_date, currency_code

),

final as (

    select
        posts.campaign_id,
        posts.creator_id,
        posts.platform,
        posts.post_id,
        boosts.cost_date,
        boosts.currency_code,
        boosts.spend_amount
    from boosts
    inner join posts
        on
            boosts.post_url_key = posts.post_url_key
            and posts.campaign_number = 1

)

select * from final
