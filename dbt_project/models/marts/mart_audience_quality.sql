with

facts as (

    select * from {{ ref('int_measure_run_facts') }}

),

campaigns as (

    select * from {{ ref('dim_campaign') }}

),

accounts as (

    select * from {{ ref('stg_campaign_plan__creator_accounts') }}

),

followers as (

    select
        campaign_id,
        creator_id,
        platform,
        handle,
        followers_count,
        row_number() over (
            partition by campaign_id, creator_id, platform, handle
            order by snapshot_date desc
        ) as recency
    from {{ ref('int_audience_days') }}

),

scores as (

    select * from {{ source('analysis', 'audience_scores') }}

),

final as (

    select
        accounts.campaign_id,
        accounts.creator_id,
        creators.creator_name,
        accounts.platform,
        accounts.handle_key as handle,
        accounts.access_path,
        followers.followers_count,
        cast(scores.audience_score as numeric(6, 4)) as audience_score,
        coalesce(scores.is_alert, false) as is_alert,
        scores.snapshot_count,
        scores.first_snapshot_date,
        scores.last_snapshot_date,
        scores.spike_count,
        scores.first_spike_date,
        cast(scores.spike_follower_count as bigint) as spike_follower_count,
        cast(scores.spike_share as numeric(18, 6)) as spike_share_rate,
        cast(scores.spike_score as numeric(6, 4)) as spike_score,
        case
            when scores.campaign_id is null then 'not scored yet'
            when scores.spike_score is null and scores.snapshot_count = 0
                then 'followers cannot be read by any access path'
            when scores.spike_score is null
                then
                    'followers of ' || scores.snapshot_count
                    || ' days: too few to know the usual ups and downs'
        end as spike_unavailable_reason,
        scores.measured_post_count,
        scores.peer_count,
        cast(scores.engagement_ratio_high as numeric(18, 6)) as engagement_ratio_high,
        cast(scores.engagement_score as numeric(6, 4)) as engagement_score,
        case
            when scores.campaign_id is null then 'not scored yet'
            when scores.engagement_score is null and scores.measured_post_count < 3
                then
                    scores.measured_post_count
                    || ' posts with known likes and comments: too few for a rate'
            when scores.engagement_score is null
                then
                    scores.peer_count || ' accounts of the campaign have a rate on '
                    || accounts.platform || ': too few to compare with'
        end as engagement_unavailable_reason,
        scores.comment_count,
        scores.judged_comment_count,
        scores.generic_comment_count,
        {{ rate_with_ends(
            'generic_comment_rate', 'scores.generic_comment_count', 'scores.judged_comment_count'
        ) }},
        cast(scores.generic_score as numeric(6, 4)) as generic_score,
        scores.duplicate_comment_count,
        {{ ratio('scores.duplicate_comment_count', 'scores.comment_count') }}
            as duplicate_comment_rate,
        {{ rate_low('scores.duplicate_comment_count', 'scores.comment_count') }}
            as duplicate_comment_rate_low,
        {{ rate_high('scores.duplicate_comment_count', 'scores.comment_count') }}
            as duplicate_comment_rate_high,
        cast(scores.duplicate_score as numeric(6, 4)) as duplicate_score,
        case
            when scores.campaign_id is null then 'not scored yet'
            when scores.duplicate_score is not null and scores.generic_score is null
                then
                    scores.judged_comment_count
                    || ' comments in a language whose generic ones are known: too few for a share'
            when scores.generic_score is null and scores.comment_count > 0
                then scores.comment_count || ' comments: too few for a share'
            when scores.generic_score is null and accounts.access_path = 'own_account'
                then 'no comment yet'
            when scores.generic_score is null
                then 'texts of comments can be read on connected accounts and on YouTube only'
        end as comment_unavailable_reason,
        nullif(
            concat_ws(
                '; ',
                case
                    when scores.spike_score > 0
                        then
                            scores.spike_count
                            || case when scores.spike_count = 1 then ' jump' else ' jumps' end
                            || ' of followers, the first on ' || scores.first_spike_date
                end,
                case
                    when scores.engagement_score > 0
                        then 'likes and comments low for the number of followers'
                end,
                case when scores.generic_score > 0 then 'many comments would fit any post' end,
                case when scores.duplicate_score > 0 then 'comments repeat each other' end
            ), ''
        ) as reasons,
        scores.solve_id,
        {{ days_after('campaigns.end_date', var('restatement_days')) }} <= facts.as_of_date
            as is_final,
        facts.sources_present,
        facts.as_of_date
    from accounts
    inner join campaigns on accounts.campaign_id = campaigns.campaign_id
    inner join {{ ref('dim_creator') }} as creators
        on
            accounts.campaign_id = creators.campaign_id
            and accounts.creator_id = creators.creator_id
    cross join facts
    left join followers
        on
            accounts.campaign_id = followers.campaign_id
            and accounts.creator_id = followers.creator_id
            and accounts.platform = followers.platform
            and accounts.handle_key = followers.handle
            and followers.recency = 1
    left join scores
        on
            accounts.campaign_id = scores.campaign_id
            and accounts.creator_id = scores.creator_id
            and accounts.platform = scores.platform
            and accounts.handle_key = scores.handle

)

select * from final
