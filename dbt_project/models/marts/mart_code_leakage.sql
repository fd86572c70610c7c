with

facts as (

    select * from {{ ref('int_measure_run_facts') }}

),

campaigns as (

    select * from {{ ref('dim_campaign') }}

),

codes as (

    select * from {{ ref('int_codes_live') }}

),

scores as (

    select * from {{ source('analysis', 'code_leakage') }}

),

used as (

    select
        campaign_id,
        code_key,
        creator_id,
        sum(use_count) as use_count,
        sum(stray_count) as stray_count,
        sum(seen_count) as seen_count,
        sum(sessionless_count) as sessionless_count,
        sum(identified_count) as identified_count,
        sum(returning_count) as returning_count,
        sum(located_count) as located_count,
        sum(abroad_count) as abroad_count,
        sum(coupon_site_count) as coupon_site_count,
        max(use_count) as peak_use_count
    from {{ ref('int_code_days') }}
    group by campaign_id, code_key, creator_id

),

peaks as (

    select
        campaign_id,
        code_key,
        creator_id,
        order_date,
        row_number() over (
            partition by campaign_id, code_key, creator_id
            order by use_count desc, order_date asc
        ) as place
    from {{ ref('int_code_days') }}

),

-- Posts before the peak, to tell a burst that a post explains from one that none does.
peak_posts as (

    select
        peaks.campaign_id,
        peaks.code_key,
        peaks.creator_id,
        max(posts.published_date) as post_date
    from peaks
    inner join {{ ref('int_posts_matched') }} as posts
        on
            peaks.campaign_id = posts.campaign_id
            and peaks.creator_id = posts.creator_id
            and peaks.order_date >= posts.published_date
    where peaks.place = 1
    group by peaks.campaign_id, peaks.code_key, peaks.creator_id

),

sold as (

    select
        redemptions.campaign_id,
        redemptions.code_key,
        redemptions.creator_id,
        {{ count_where("redemptions.order_class = 'kept'") }} as kept_order_count,
        sum(
            case
                when redemptions.order_class = 'kept' then redemptions.net_revenue_amount
                else 0
            end
        ) as net_revenue_amount,
        {{ count_where(leaked_sale()) }} as leaked_order_count,
        sum(case when {{ leaked_sale() }} then redemptions.net_revenue_amount else 0 end)
            as leaked_net_revenue_amount,
        {{ count_where("redemptions.order_class = 'kept' and redemptions.is_compromised") }}
            as compromised_order_count,
        sum(
            case
                when redemptions.order_class = 'kept' and redemptions.is_compromised
                    then redemptions.net_revenue_amount
                else 0
            end
        ) as compromised_net_revenue_amount,
        {{ count_where("redemptions.order_class = 'self_referral'") }}
            as self_referral_order_count,
        sum(
            case
                when redemptions.order_class = 'self_referral' then redemptions.net_revenue_amount
                else 0
            end
        ) as self_referral_net_revenue_amount,
        {{ count_where("redemptions.order_class = 'gifted'") }} as gifted_order_count,
        {{ count_where("redemptions.order_class = 'staff'") }} as staff_order_count
    from {{ ref('int_code_redemptions') }} as redemptions
    left join scores
        on
            redemptions.campaign_id = scores.campaign_id
            and redemptions.code_key = scores.code_key
            and redemptions.creator_id = scores.creator_id
    group by redemptions.campaign_id, redemptions.code_key, redemptions.creator_id

),

final as (

    select
        codes.campaign_id,
        codes.connection_id,
        codes.code_key,
        codes.code,
        codes.creator_id,
        coalesce(scores.leak_class, 'clean') as leak_class,
        cast(scores.leak_score as numeric(18, 6)) as leak_score,
        scores.reasons,
        scores.compromised_from_date as suggested_compromised_from_date,
        codes.first_date,
        codes.last_date,
        codes.first_live_date,
        codes.is_first_live_assumed,
        {{ whole_count('used.use_count') }} as use_count,
        {{ whole_count('used.stray_count') }} as stray_count,
        {{ whole_count('scores.before_post_use_count') }} as before_post_use_count,
        {{ expectation('before_post') }},
        {{ whole_count('used.coupon_site_count') }} as coupon_site_use_count,
        {{ rate_with_ends('coupon_site_rate', 'used.coupon_site_count', 'used.use_count') }},
        {{ expectation('coupon_site') }},
        {{ whole_count('scores.off_post_use_count') }} as off_post_use_count,
        {{ whole_count('scores.off_post_judged_count') }} as off_post_judged_count,
        {{ rate_with_ends(
            'off_post_rate', 'scores.off_post_use_count', 'scores.off_post_judged_count'
        ) }},
        {{ expectation('off_post') }},
        {{ whole_count('used.peak_use_count') }} as peak_use_count,
        peaks.order_date as peak_date,
        peaks.order_date - peak_posts.post_date as peak_days_after_post,
        {{ whole_count('used.returning_count') }} as returning_customer_use_count,
        {{ whole_count('used.identified_count') }} as known_customer_use_count,
        {{ rate_with_ends(
            'new_customer_rate',
            '(used.identified_count - used.returning_count)',
            'used.identified_count'
        ) }},
        {{ expectation('returning') }},
        {{ whole_count('used.abroad_count') }} as abroad_use_count,
        {{ whole_count('used.located_count') }} as located_use_count,
        {{ rate_with_ends('abroad_rate', 'used.abroad_count', 'used.located_count') }},
        {{ expectation('abroad') }},
        {{ whole_count('used.sessionless_count') }} as sessionless_use_count,
        {{ whole_count('used.seen_count') }} as seen_use_count,
        {{ rate_with_ends('sessionless_rate', 'used.sessionless_count', 'used.seen_count') }},
        {{ expectation('sessionless') }},
        campaigns.currency_code,
        {{ whole_count('sold.kept_order_count') }} as kept_order_count,
        {{ amount('coalesce(sold.net_revenue_amount, 0)') }} as net_revenue_amount,
        {{ whole_count('sold.leaked_order_count') }} as leaked_order_count,
        {{ amount('coalesce(sold.leaked_net_revenue_amount, 0)') }} as leaked_net_revenue_amount,
        {{ whole_count('sold.compromised_order_count') }} as compromised_order_count,
        {{ amount('coalesce(sold.compromised_net_revenue_amount, 0)') }}
            as compromised_net_revenue_amount,
        {{ whole_count('sold.self_referral_order_count') }} as self_referral_order_count,
        {{ amount('coalesce(sold.self_referral_net_revenue_amount, 0)') }}
            as self_referral_net_revenue_amount,
        {{ whole_count('sold.gifted_order_count') }} as gifted_order_count,
        {{ whole_count('sold.staff_order_count') }} as staff_order_count,
        scores.solve_id,
        facts.as_of_date
    from codes
    inner join campaigns on codes.campaign_id = campaigns.campaign_id
    cross join facts
    left join scores
        on
            codes.campaign_id = scores.campaign_id
            and codes.code_key = scores.code_key
            and codes.creator_id = scores.creator_id
    left join used
        on
            codes.campaign_id = used.campaign_id
            and codes.code_key = used.code_key
            and codes.creator_id = used.creator_id
    left join peaks
        on
            codes.campaign_id = peaks.campaign_id
            and codes.code_key = peaks.code_key
            and codes.creator_id = peaks.creator_id
            and peaks.place = 1
    left join peak_posts
        on
            codes.campaign_id = peak_posts.campaign_id
            and codes.code_key = peak_posts.code_key
            and codes.creator_id = peak_posts.creator_id
    left join sold
        on
            codes.campaign_id = sold.campaign_id
            and codes.code_key = sold.code_key
            and codes.creator_id = sold.creator_id

)

select * from final
