{{ config(post_hook='analyze {{ this }}') }}

{#- What each criterion asks of a candidate; a part that is not named is NULL. `seen_date` is the
evaluator's day and `is_read` false where no connector reads the value. -#}
{%- set criteria = {
    'followers': {
        'measured_value': 'followers_seen',
        'threshold_low': 'followers_low',
        'threshold_high': 'followers_high',
        'is_read': 'read_followers_date is not null',
        'seen_date': 'coalesce(read_followers_date, evaluated_date)',
    },
    'er_by_followers': {
        'measured_value': ratio('engagement_seen', 'posts_seen * followers_seen'),
        'numerator_count': 'engagement_seen',
        'denominator_count': 'posts_seen * followers_seen',
        'threshold_low': 'er_by_followers_low',
        'is_read': 'is_engagement_read',
        'seen_date': 'case when is_engagement_read then coalesce(read_followers_date, evaluated_date)'
            ~ ' else evaluated_date end',
    },
    'niche': {
        'measured_text': 'niche',
        'threshold_text': 'niches_wanted',
        'is_wanted': 'is_niche_wanted',
    },
    'region': {
        'measured_text': 'region',
        'threshold_text': 'regions_wanted',
        'is_wanted': 'is_region_wanted',
    },
    'niche_posts': {
        'measured_value': 'niche_post_count',
        'numerator_count': 'niche_post_count',
        'denominator_count': 'sampled_post_count',
        'threshold_low': 'niche_posts_low',
    },
    'collaborations': {
        'measured_value': 'collaboration_count',
        'measured_text': 'collaboration_note',
        'threshold_low': 'collaborations_low',
    },
    'audience_overlap': {
        'measured_value': 'overlap_seen',
        'threshold_high': 'overlap_high',
        'is_read': 'read_overlap_date is not null',
        'seen_date': 'coalesce(read_overlap_date, evaluated_date)',
    },
} %}
{%- set part_types = {
    'measured_value': 'numeric',
    'measured_text': 'text',
    'numerator_count': 'numeric',
    'denominator_count': 'numeric',
    'threshold_low': 'numeric',
    'threshold_high': 'numeric',
    'threshold_text': 'text',
    'is_wanted': 'boolean',
} %}
with

candidates as (

    select * from {{ ref('stg_campaign_plan__candidates') }}

),

-- What the connectors read of the account comes first: the snapshot nearest to the evaluation.
read_followers as (

    select
        candidates.campaign_id,
        candidates.platform,
        candidates.handle_key,
        snapshots.snapshot_date,
        snapshots.followers_count,
        row_number() over (
            partition by candidates.campaign_id, candidates.platform, candidates.handle_key
            order by
                abs(snapshots.snapshot_date - candidates.evaluated_date),
                snapshots.snapshot_date,
                {{ access_rank('snapshots.access_path') }}
        ) as nearness
    from candidates
    inner join {{ ref('fct_account_daily') }} as snapshots
        on
            candidates.platform = snapshots.platform
            and candidates.handle_key = snapshots.handle
    where snapshots.followers_count is not null

),

campaign_posts as (

    select distinct
        campaign_id,
        platform,
        post_id
    from {{ ref('int_posts_matched') }}

),

-- Posts of the campaign itself say nothing of how the account did before.
read_posts as (

    select
        posts.campaign_id,
        posts.platform,
        posts.handle,
        count(*) as post_count,
        sum(posts.engagement_basic_count) as engagement_basic_count
    from {{ ref('int_audience_posts') }} as posts
    left join campaign_posts
        on
            posts.campaign_id = campaign_posts.campaign_id
            and posts.platform = campaign_posts.platform
            and posts.post_id = campaign_posts.post_id
    where campaign_posts.post_id is null
    group by posts.campaign_id, posts.platform, posts.handle

),

-- A vendor's file names the accounts that followers are shared with; those picked count.
read_overlaps as (

    select
        candidates.campaign_id,
        candidates.platform,
        candidates.handle_key,
        max(shared_files.share_rate) as overlap_rate,
        max(shared_files.as_of_date) as overlap_date
    from candidates
    inner join {{ ref('stg_files__audience_breakdown') }} as shared_files
        on
            candidates.platform = shared_files.platform
            and candidates.handle_key = shared_files.creator_handle_key
            and shared_files.dimension = 'overlap'
    inner join candidates as picked
        on
            candidates.campaign_id = picked.campaign_id
            and {{ handle_key('shared_files.segment') }} = picked.handle_key
            and picked.candidate_status = 'picked'
    where candidates.handle_key <> picked.handle_key
    group by candidates.campaign_id, candidates.platform, candidates.handle_key

),

seen as (

    select
        candidates.*,
        matches.niches_wanted,
        matches.regions_wanted,
        matches.is_niche_wanted,
        matches.is_region_wanted,
        read_followers.snapshot_date as read_followers_date,
        coalesce(read_followers.followers_count, candidates.followers_count) as followers_seen,
        coalesce(read_posts.post_count, 0) >= 3 as is_engagement_read,
        case
            when read_posts.post_count >= 3 then read_posts.post_count
            else candidates.sampled_post_count
        end as posts_seen,
        case
            when read_posts.post_count >= 3 then read_posts.engagement_basic_count
            else candidates.sampled_engagement_count
        end as engagement_seen,
        read_overlaps.overlap_date as read_overlap_date,
        coalesce(read_overlaps.overlap_rate, candidates.audience_overlap_rate) as overlap_seen
    from candidates
    inner join {{ ref('stg_campaign_plan__candidate_matches') }} as matches
        on
            candidates.connection_id = matches.connection_id
            and candidates.campaign_id = matches.campaign_id
            and candidates.platform = matches.platform
            and candidates.handle_key = matches.handle_key
    left join read_followers
        on
            candidates.campaign_id = read_followers.campaign_id
            and candidates.platform = read_followers.platform
            and candidates.handle_key = read_followers.handle_key
            and read_followers.nearness = 1
    left join read_posts
        on
            candidates.campaign_id = read_posts.campaign_id
            and candidates.platform = read_posts.platform
            and candidates.handle_key = read_posts.handle
    left join read_overlaps
        on
            candidates.campaign_id = read_overlaps.campaign_id
            and candidates.platform = read_overlaps.platform
            and candidates.handle_key = read_overlaps.handle_key

),

-- One member per criterion: its value, what it is made of, and the ends it is asked to lie between.
asked as (

    {%- for criterion, parts in criteria.items() %}
    {%- if not loop.first %}

    union all
    {%- endif %}

    select
        campaign_id,
        platform,
        handle_key,
        '{{ criterion }}' as criterion,
        {%- for part, type in part_types.items() %}
        cast({{ parts.get(part, 'null') }} as {{ type }}) as {{ part }},
        {%- endfor %}
        {{ parts.get('is_read', 'false') }} as is_read,
        {{ parts.get('seen_date', 'evaluated_date') }} as seen_date
    from seen
    {%- endfor %}

),

judged as (

    select
        *,
        case
            when threshold_low is null and threshold_high is null and threshold_text is null
                then 'not asked'
            when threshold_text is not null and measured_text is null then 'unknown'
            when threshold_text is not null
                then case when is_wanted then 'met' else 'not met' end
            when measured_value is null then 'unknown'
            when measured_value < threshold_low or measured_value > threshold_high then 'not met'
            else 'met'
        end as criterion_result
    from asked

),

final as (

    select
        judged.campaign_id,
        judged.platform,
        judged.handle_key as handle,
        judged.criterion,
        judged.criterion_result,
        cast(judged.measured_value as numeric(18, 6)) as measured_value,
        judged.measured_text,
        cast(judged.numerator_count as bigint) as numerator_count,
        cast(judged.denominator_count as bigint) as denominator_count,
        cast(judged.threshold_low as numeric(18, 6)) as threshold_low,
        cast(judged.threshold_high as numeric(18, 6)) as threshold_high,
        judged.threshold_text,
        case
            when judged.measured_value is null and judged.measured_text is null then null
            when judged.is_read then 'connector'
            else 'evaluator'
        end as value_source,
        case
            when judged.measured_value is not null or judged.measured_text is not null
                then judged.seen_date
        end as value_date,
        candidates.evaluator,
        candidates.evaluated_date,
        case
            when judged.criterion_result = 'not asked' then 'the campaign does not ask for it'
            when judged.criterion_result = 'unknown'
                then 'no connector reads it, and the evaluator typed nothing'
            when judged.criterion_result = 'not met' and judged.threshold_text is not null
                then judged.measured_text || ' is not in ' || judged.threshold_text
            when
                judged.criterion_result = 'not met'
                and judged.measured_value < judged.threshold_low
                then
                    {{ shown_number('judged.measured_value') }} || ' is below '
                    || {{ shown_number('judged.threshold_low') }}
            when judged.criterion_result = 'not met'
                then
                    {{ shown_number('judged.measured_value') }} || ' is above '
                    || {{ shown_number('judged.threshold_high') }}
        end as reason
    from judged
    inner join candidates
        on
            judged.campaign_id = candidates.campaign_id
            and judged.platform = candidates.platform
            and judged.handle_key = candidates.handle_key

)

select * from final
