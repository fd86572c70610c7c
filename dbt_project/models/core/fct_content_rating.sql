{{ config(post_hook='analyze {{ this }}') }}

with

ratings as (

    select * from {{ ref('stg_files__content_ratings') }}

),

-- Two addresses of one post differ in what follows the question mark.
posts as (

    select
        {{ url_key('permalink') }} as post_url_key,
        min(platform) as platform,
        min(post_id) as post_id,
        min(creator_id) as creator_id
    from {{ ref('fct_post') }}
    where permalink is not null
    group by {{ url_key('permalink') }}

),

final as (

    select
        ratings.connection_id,
        ratings.post_url_key,
        ratings.criterion,
        ratings.rater,
        coalesce(posts.platform, ratings.platform) as platform,
        posts.post_id,
        posts.creator_id,
        ratings.score,
        ratings.max_score,
        {{ ratio('ratings.score', 'ratings.max_score') }} as score_rate,
        ratings.rated_date
    from ratings
    left join posts on ratings.post_url_key = posts.post_url_key

)

select * from final
