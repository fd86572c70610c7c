{% set has_youtube = 'youtube' in var('social_platforms') %}

with

facts as (

    select * from {{ ref('int_measure_run_facts') }}

),

campaigns as (

    select * from {{ ref('dim_campaign') }}

),

creators as (

    select * from {{ ref('dim_creator') }}

),

pieces as (

    select * from {{ ref('int_deliverables_matched') }}

),

promises as (

    select * from {{ ref('stg_campaign_plan__deliverables') }}

),

posts as (

    select * from {{ ref('int_posts_matched') }}

),

seen as (

    select
        campaign_id,
        platform,
        post_id,
        views_count
    from {{ ref('int_post_metrics_latest') }}

),

{% if has_youtube -%}
-- No other platform's API tells how long a video is.
lengths as (

    select
        'youtube' as platform,
        video_id as post_id,
        max(duration_seconds) as length_seconds
    from {{ ref('stg_youtube__videos') }}
    group by video_id

),
{%- endif %}

captions as (

    select
        platform,
        post_id,
        {{ letters_key('caption') }} as caption_key
    from {{ ref('fct_post') }}
    where caption is not null

),

disclosures as (

    select * from {{ ref('int_post_disclosures') }}

),

-- Gone: the newest reading of its account by the same path no longer has it, but has older posts.
-- Stories are gone after a day by their nature.
readings as (

    select
        platform,
        handle,
        max(last_snapshot_date) as newest_snapshot_date
    from {{ ref('fct_post') }}
    where content_format <> 'story'
    group by platform, handle

),

oldest_read as (

    select
        posts.platform,
        posts.handle,
        min(posts.published_at) as oldest_published_at
    from {{ ref('fct_post') }} as posts
    inner join readings
        on
            posts.platform = readings.platform
            and posts.handle = readings.handle
            and posts.last_snapshot_date = readings.newest_snapshot_date
    where posts.content_format <> 'story'
    group by posts.platform, posts.handle

),

removals as (

    select
        posts.campaign_id,
        posts.platform,
        posts.post_id,
        posts.last_snapshot_date as last_seen_date
    from posts
    inner join readings
        on
            posts.platform = readings.platform
            and posts.handle = readings.handle
            and posts.last_snapshot_date < readings.newest_snapshot_date
    inner join oldest_read
        on
            posts.platform = oldest_read.platform
            and posts.handle = oldest_read.handle
            and posts.published_at > oldest_read.oldest_published_at
    where posts.content_format <> 'story'

),

-- Posts that could be the piece too: of its creator, platform and format, near its planned day, and
-- nobody else's piece. A person decides; the match stands until then.
rivals as (

    select
        pieces.campaign_id,
        pieces.creator_id,
        pieces.deliverable_id,
        count(*) as other_candidate_count
    from pieces
    inner join {{ ref('fct_post') }} as candidates
        on
            pieces.creator_id = candidates.creator_id
            and pieces.platform = candidates.platform
            and pieces.content_format = candidates.content_format
            and abs(candidates.published_date - pieces.planned_date)
            <= {{ match_days('pieces.content_format') }}
    left join posts
        on
            pieces.campaign_id = posts.campaign_id
            and candidates.platform = posts.platform
            and candidates.post_id = posts.post_id
    left join pieces as taken
        on
            pieces.campaign_id = taken.campaign_id
            and candidates.platform = taken.platform
            and candidates.post_id = taken.post_id
    where
        taken.deliverable_id is null
        -- What shows no sign of the campaign could only be a piece that nothing else is.
        and (posts.post_id is not null or pieces.post_id is null)
    group by pieces.campaign_id, pieces.creator_id, pieces.deliverable_id

),

brand_platforms as (

    select distinct
        campaign_id,
        platform
    from {{ ref('stg_campaign_plan__brand_accounts') }}

),

absent_phrases as (

    select
        pieces.campaign_id,
        pieces.creator_id,
        pieces.deliverable_id,
        string_agg(phrases.required_phrase, ', ' order by phrases.required_phrase)
            as absent_phrases
    from pieces
    inner join captions
        on
            pieces.platform = captions.platform
            and pieces.post_id = captions.post_id
    inner join {{ ref('stg_campaign_plan__required_phrases') }} as phrases
        on
            pieces.campaign_id = phrases.campaign_id
            and position(
                ' ' || phrases.phrase_key || ' ' in ' ' || captions.caption_key || ' '
            ) = 0
    group by pieces.campaign_id, pieces.creator_id, pieces.deliverable_id

),

rights as (

    select
        campaign_id,
        creator_id,
        min(valid_from_date) as rights_from_date,
        -- One right without an end makes all of it open.
        case when count(*) = count(valid_to_date) then max(valid_to_date) end as rights_until_date
    from {{ ref('stg_campaign_plan__usage_rights') }}
    group by campaign_id, creator_id

),

paid_uses as (

    select
        {{ url_key('source_post_url') }} as post_url_key,
        max(cost_date) as last_paid_use_date
    from {{ ref('stg_files__paid_ads_costs') }}
    where source_post_url is not null
    group by {{ url_key('source_post_url') }}

),

exclusivities as (

    select
        campaign_id,
        creator_id,
        max(valid_to_date) as exclusive_until_date
    from {{ ref('stg_campaign_plan__exclusivities') }}
    group by campaign_id, creator_id

),

final as (

    select
        pieces.campaign_id,
        pieces.deliverable_id,
        pieces.creator_id,
        creators.creator_name,
        pieces.platform,
        pieces.content_format,
        pieces.planned_date,
        pieces.due_date,
        case
            when removals.post_id is not null then 'removed'
            when pieces.post_id is not null and pieces.published_date > pieces.due_date then 'late'
            when pieces.post_id is not null then 'live'
            when pieces.planned_date > facts.last_day then 'planned'
            when pieces.is_unverifiable then 'unverifiable'
            when pieces.due_date < facts.last_day then 'missing'
            else 'due'
        end as deliverable_status,
        pieces.post_id,
        posts.permalink,
        pieces.published_date,
        case
            when pieces.published_date is not null
                then greatest(pieces.published_date - pieces.due_date, 0)
            when not pieces.is_unverifiable and pieces.due_date < facts.last_day
                then facts.last_day - pieces.due_date
        end as late_day_count,
        removals.last_seen_date,
        coalesce(rivals.other_candidate_count, 0) as other_candidate_count,
        coalesce(rivals.other_candidate_count, 0) > 0 as is_ambiguous,
        -- What the creator reports and what has no caption cannot be looked at; what the plan does
        -- not name cannot be missing.
        case
            when captions.caption_key is not null and campaigns.hashtag is not null
                then posts.has_hashtag
        end as has_hashtag,
        case
            when captions.caption_key is not null and brand_platforms.campaign_id is not null
                then posts.has_mention
        end as has_mention,
        case when captions.caption_key is not null then posts.has_code end as has_code,
        absent_phrases.absent_phrases,
        case
            when pieces.post_id is not null
                then coalesce(disclosures.disclosure_status, 'unknown')
        end as disclosure_status,
        disclosures.has_label,
        disclosures.caption_position as disclosure_position,
        disclosures.caption_position <= {{ var('caption_fold_characters') }}
            as is_disclosed_before_fold,
        promises.content_mechanic,
        promises.call_to_action,
        promises.draft_due_date,
        promises.draft_submitted_date,
        promises.approved_date,
        {{ draft_status('promises', 'facts.last_day') }} as draft_status,
        promises.revision_count,
        case
            when coalesce(promises.draft_due_date, promises.draft_submitted_date) is not null
                then
                    pieces.post_id is not null
                    and coalesce(pieces.published_date < promises.approved_date, true)
        end as is_live_without_approval,
        promises.promised_length_seconds,
        {{ 'lengths.length_seconds' if has_youtube else 'cast(null as bigint)' }} as length_seconds,
        promises.promised_views_count,
        seen.views_count,
        {{ ratio('seen.views_count', 'promises.promised_views_count') }} as views_to_promised,
        promises.reshared_date,
        rights.rights_from_date,
        rights.rights_until_date,
        case
            when rights.campaign_id is null then 'none'
            when rights.rights_from_date > facts.last_day then 'not_yet'
            when
                rights.rights_until_date < paid_uses.last_paid_use_date
                then 'used_after_expiry'
            when rights.rights_until_date < facts.last_day then 'expired'
            when rights.rights_until_date - facts.last_day <= 14 then 'ends_in_14_days'
            when rights.rights_until_date - facts.last_day <= 30 then 'ends_in_30_days'
            else 'active'
        end as rights_status,
        paid_uses.last_paid_use_date,
        exclusivities.exclusive_until_date,
        case
            when pieces.is_unverifiable and pieces.content_format = 'story'
                then 'stories of this account are not visible; ask the creator for their numbers'
            when pieces.is_unverifiable then 'no access path shows posts of this account'
            when pieces.post_id is not null and captions.caption_key is null
                then 'the post came without a caption'
        end as unavailable_reason,
        campaigns.end_date < facts.as_of_date
        and pieces.due_date < facts.as_of_date as is_final,
        facts.sources_present,
        facts.as_of_date
    from pieces
    inner join campaigns on pieces.campaign_id = campaigns.campaign_id
    inner join creators
        on
            pieces.campaign_id = creators.campaign_id
            and pieces.creator_id = creators.creator_id
    inner join promises
        on
            pieces.campaign_id = promises.campaign_id
            and pieces.creator_id = promises.creator_id
            and pieces.deliverable_id = promises.deliverable_id
    cross join facts
    left join seen
        on
            pieces.campaign_id = seen.campaign_id
            and pieces.platform = seen.platform
            and pieces.post_id = seen.post_id
    {%- if has_youtube %}
    left join lengths
        on
            pieces.platform = lengths.platform
            and pieces.post_id = lengths.post_id
    {%- endif %}
    left join posts
        on
            pieces.campaign_id = posts.campaign_id
            and pieces.platform = posts.platform
            and pieces.post_id = posts.post_id
    left join captions
        on
            pieces.platform = captions.platform
            and pieces.post_id = captions.post_id
    left join disclosures
        on
            pieces.platform = disclosures.platform
            and pieces.post_id = disclosures.post_id
    left join brand_platforms
        on
            pieces.campaign_id = brand_platforms.campaign_id
            and pieces.platform = brand_platforms.platform
    left join removals
        on
            pieces.campaign_id = removals.campaign_id
            and pieces.platform = removals.platform
            and pieces.post_id = removals.post_id
    left join rivals
        on
            pieces.campaign_id = rivals.campaign_id
            and pieces.creator_id = rivals.creator_id
            and pieces.deliverable_id = rivals.deliverable_id
    left join absent_phrases
        on
            pieces.campaign_id = absent_phrases.campaign_id
            and pieces.creator_id = absent_phrases.creator_id
            and pieces.deliverable_id = absent_phrases.deliverable_id
    left join rights
        on
            pieces.campaign_id = rights.campaign_id
            and pieces.creator_id = rights.creator_id
    left join paid_uses
        on {{ url_key('posts.permalink') }} = paid_uses.post_url_key
    left join exclusivities
        on
            pieces.campaign_id = exclusivities.campaign_id
            and pieces.creator_id = exclusivities.creator_id

)

select * from final
