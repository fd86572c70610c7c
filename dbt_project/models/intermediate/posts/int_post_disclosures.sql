-- One row per post: what its platform and its caption say of the paid partnership. A label that the
-- access path does not show is NULL, never false. Kept as a table: three models read it, and every
-- marker is looked for in every caption.
{{ config(
    materialized='table',
    post_hook='analyze {{ this }}',
) }}

with

posts as (

    select
        platform,
        post_id,
        caption
    from {{ ref('fct_post') }}

),

labels as (

    -- Only content with the paid-partnership label of the brand is in the partnership list.
    select
        'instagram' as platform,
        media_id as post_id,
        true as has_label
    from {{ ref('stg_instagram__partnership_content') }}
    {% if 'youtube' in var('social_platforms') %}
    union all

    select
        'youtube' as platform,
        video_id as post_id,
        has_paid_product_placement as has_label
    from {{ ref('stg_youtube__videos') }}
    where has_paid_product_placement is not null
    {% endif %}
    {%- if 'tiktok' in var('social_platforms') %}
    union all

    select
        'tiktok' as platform,
        post_id,
        collaboration_status = 'PAID_PARTNERSHIP' as has_label
    from {{ ref('stg_tiktok__posts') }}
    where collaboration_status is not null
    {% endif %}
),

-- Seen with the label once is enough: a label taken off later was there.
platform_labels as (

    select
        platform,
        post_id,
        bool_or(has_label) as has_label
    from labels
    group by platform, post_id

),

markers as (

    {% for marker in var('disclosure_markers') -%}
    select '{{ marker }}' as marker
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

caption_marks as (

    select
        posts.platform,
        posts.post_id,
        -- The words of a marker stand alone: #ad is not in #adventure.
        min(
            nullif({{ word_position('posts.caption', 'markers.marker') }}, 0)
        ) as caption_position
    from posts
    cross join markers
    group by posts.platform, posts.post_id

),

final as (

    select
        posts.platform,
        posts.post_id,
        platform_labels.has_label,
        caption_marks.caption_position,
        case
            when platform_labels.has_label then 'platform_label'
            when caption_marks.caption_position is not null then 'caption'
            when posts.caption is null then 'unknown'
            when platform_labels.has_label is not null then 'absent'
            else 'unknown'
        end as disclosure_status
    from posts
    left join platform_labels
        on
            posts.platform = platform_labels.platform
            and posts.post_id = platform_labels.post_id
    left join caption_marks
        on
            posts.platform = caption_marks.platform
            and posts.post_id = caption_marks.post_id

)

select * from final
