-- One row per comment on any platform. Its text is for the scoring alone.
with

unified as (
    {% for platform in var('social_platforms') %}
    select
        '{{ platform }}' as platform,
        comment_id,
        post_id,
        parent_comment_id,
        author_key,
        commented_at,
        commented_date,
        likes_count,
        is_by_account,
        comment_text
    from {{ ref('stg_' ~ platform ~ '__comments') }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

-- Two connections may read the same comment.
numbered as (

    select
        *,
        row_number() over (partition by platform, comment_id order by commented_at) as copy_number
    from unified

),

final as (

    select
        platform,
        comment_id,
        post_id,
        parent_comment_id,
        author_key,
        commented_at,
        commented_date,
        likes_count,
        is_by_account,
        comment_text,
        {{ letters_key('comment_text') }} as text_key,
        md5(coalesce({{ letters_key('comment_text') }}, trim(comment_text), '')) as text_hash
    from numbered
    where copy_number = 1

)

select * from final
