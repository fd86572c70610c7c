-- One row per post and access path: its newest counters, those at an age of 7 days, its newest
-- likes and comments from that age on, and how often a counter fell. Kept from run to run: most
-- posts are read no more, and whoever asks for these would read every day of every post.
{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['platform', 'post_id'],
    pre_hook='{{ tune_transaction() }}',
    post_hook='{{ analyze_when_grown() }}',
    indexes=[{'columns': ['platform', 'post_id', 'access_path'], 'unique': true}],
) }}

with

metrics as (

    select
        metrics.*,
        metrics.likes_count + metrics.comments_count as engagement_basic_count,
        -- Insights of old posts are read no more, and one rate never mixes two days: the newest day
        -- that knows the views.
        row_number() over (
            partition by metrics.platform, metrics.post_id, metrics.access_path
            order by
                case when metrics.views_count is null then 1 else 0 end,
                metrics.snapshot_date desc
        ) as recency,
        max(
            case
                when
                    metrics.likes_count is not null
                    and metrics.comments_count is not null
                    and metrics.post_age_days >= 7
                    then metrics.snapshot_date
            end
        ) over (
            partition by metrics.platform, metrics.post_id, metrics.access_path
        ) as settled_date
    from {{ ref('fct_post_metrics_daily') }} as metrics
    {% if is_incremental() -%}
    inner join {{ ref('int_posts_reread') }} as affected
        on
            metrics.platform = affected.platform
            and metrics.post_id = affected.post_id
    {% endif %}
),

counted as (

    select
        platform,
        post_id,
        access_path,
        max(settled_date) as settled_date,
        max(case when snapshot_date = settled_date then engagement_basic_count end)
            as settled_engagement_basic_count,
        max(case when post_age_days = 7 then engagement_basic_count end)
            as engagement_basic_day7_count,
        max(case when post_age_days = 7 then reach_count end) as reach_day7_count,
        max(case when post_age_days = 7 then views_count end) as views_day7_count,
        cast(sum(case when has_fallen then 1 else 0 end) as integer) as fall_count
    from metrics
    group by platform, post_id, access_path

),

final as (

    select
        newest.platform,
        newest.post_id,
        newest.access_path,
        newest.metric_scope,
        newest.metric_definition_version,
        newest.snapshot_date as measured_date,
        newest.likes_count,
        newest.comments_count,
        newest.shares_count,
        newest.saves_count,
        newest.reach_count,
        newest.views_count,
        newest.link_click_count,
        newest.watch_seconds,
        counted.engagement_basic_day7_count,
        counted.reach_day7_count,
        counted.views_day7_count,
        counted.settled_date,
        counted.settled_engagement_basic_count,
        counted.fall_count
    from metrics as newest
    inner join counted
        on
            newest.platform = counted.platform
            and newest.post_id = counted.post_id
            and newest.access_path = counted.access_path
    where newest.recency = 1

)

select * from final
-- depends_on: {{ ref('int_posts_reread') }}
