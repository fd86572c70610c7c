{#- Rows of all social platforms: each platform's staging model of that name has the same columns. -#}
{% macro all_platforms(name) -%}
    {%- for platform in var('social_platforms') %}
    select * from {{ ref('stg_' ~ platform ~ '__' ~ name) }}
    {{- ' union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#- The access paths from the richest to the poorest; numbers of two paths are never mixed in one
rate. What anybody can see comes before what the creator tells: it can be checked. -#}
{% macro access_paths() -%}
    {{ return([
        'own_account', 'partnership_content', 'business_discovery', 'public', 'creator_report',
    ]) }}
{%- endmacro %}

{% macro access_rank(access_path) -%}
    case {{ access_path }}
        {%- for path in access_paths() %}
        when '{{ path }}' then {{ loop.index }}
        {%- endfor %}
        else {{ access_paths() | length + 1 }}
    end
{%- endmacro %}

{#- The path of a rank, the other way round. -#}
{% macro access_path_of(rank) -%}
    case {{ rank }}
        {%- for path in access_paths() %}
        when {{ loop.index }} then '{{ path }}'
        {%- endfor %}
        else 'none'
    end
{%- endmacro %}

{#- True when stories can be seen through an access path. -#}
{% macro is_story_path(access_path) -%}
    {%- if var('story_access_paths') -%}
        coalesce({{ access_path }} in ('{{ var("story_access_paths") | join("', '") }}'), false)
    {%- else -%}
        false
    {%- endif -%}
{%- endmacro %}

{#- Days around its planned one within which a post of a format is taken for the promised piece. -#}
{% macro match_days(content_format) -%}
    case
        when {{ content_format }} = 'story' then {{ var('story_match_days') }}
        else {{ var('deliverable_match_days') }}
    end
{%- endmacro %}

{#- Why numbers of a post are NULL, in words; NULL where its path gives everything. -#}
{% macro post_unavailable_reason(post) -%}
    case
        when {{ post }}.access_path = 'creator_report' then
            'the creator sent the numbers; no likes, comments or saves'
        when {{ post }}.access_path = 'public' then
            'public numbers: views, likes and comments only'
        when {{ post }}.access_path = 'business_discovery' and {{ post }}.platform = 'tiktok' then
            'public profile: no reach, clicks or watch time'
        when {{ post }}.access_path = 'business_discovery' then
            'business discovery gives likes, comments and views only'
        when {{ post }}.access_path = 'partnership_content' and {{ post }}.platform = 'tiktok' then
            case
                when {{ post }}.views_count is null then
                    'TikTok gives figures 24 to 48 hours late'
            end
        when {{ post }}.access_path = 'partnership_content' then
            'partnership content gives no clicks and no watch time'
        when {{ post }}.content_format = 'story' then
            'stories have no likes, comments or saves'
        when {{ post }}.platform = 'instagram' and {{ post }}.link_click_count is null then
            'Instagram counts no link clicks on feed posts and reels'
        when {{ post }}.platform = 'youtube' then
            'public numbers: views, likes and comments only'
        when {{ post }}.views_count is null then 'TikTok gives figures 24 to 48 hours late'
    end
{%- endmacro %}

{#- Why numbers of a creator's main account are NULL, in words. -#}
{% macro account_unavailable_reason(access_path) -%}
    case {{ access_path }}
        when 'none' then 'personal account: no API publishes its posts'
        when 'public' then 'public numbers only: no reach, shares, saves, clicks or stories'
        when 'business_discovery'
            then 'seen by business discovery only: no reach, shares, saves, clicks or stories'
        when 'partnership_content'
            then 'seen by partnership content only: no clicks, no stories, permitted posts only'
        {% if not var('story_access_paths') -%}
        when 'own_account' then 'stories are not read yet'
        {%- endif %}
    end
{%- endmacro %}

{#- How far a post is from a promised piece of its format: days for a story, else places in the row
of the creator's posts. -#}
{% macro piece_distance(piece, post) -%}
    case
        when {{ piece }}.content_format = 'story'
            then abs({{ post }}.published_date - {{ piece }}.planned_date)
        else abs({{ post }}.piece_number - {{ piece }}.piece_number)
    end
{%- endmacro %}
