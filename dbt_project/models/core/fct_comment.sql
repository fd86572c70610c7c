-- A view, so that scores written after core was built are in it when the marts are.
{{ config(materialized='view') }}

with

comments as (

    select * from {{ ref('int_comments') }}

),

posts as (

    select * from {{ ref('fct_post') }}

),

scores as (

    select * from {{ source('analysis', 'comment_scores') }}

),

final as (

    select
        comments.platform,
        comments.comment_id,
        comments.post_id,
        posts.creator_id,
        comments.parent_comment_id,
        comments.parent_comment_id is not null as is_reply,
        comments.author_key,
        comments.is_by_account,
        comments.commented_at,
        comments.commented_date,
        comments.likes_count,
        comments.text_hash,
        -- Nothing but signs, or words that fit under any post; a short text has no known language.
        case
            when
                comments.text_key is null
                or comments.text_key in {{ quoted_list(var('generic_comments')) }}
                then true
            when
                scores.language_code is null
                or scores.language_code in {{ quoted_list(var('generic_comment_languages')) }}
                then false
        end as is_generic,
        scores.language_code,
        scores.sentiment_score,
        scores.model_version
    from comments
    left join posts
        on
            comments.platform = posts.platform
            and comments.post_id = posts.post_id
    left join scores
        on
            comments.platform = scores.platform
            and comments.comment_id = scores.comment_id
            and comments.text_hash = scores.text_hash

)

select * from final
