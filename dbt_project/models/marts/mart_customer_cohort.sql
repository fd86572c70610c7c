-- Who comes back: customers by what won them, observed for as long as they have been customers. On
-- the last day of a campaign few have 60 days behind them, so the share that came back is estimated
-- by Kaplan and Meier (JASA 53 (1958) 457-481), who count each customer for the days seen; the
-- interval is Greenwood's on the log-log scale (Kalbfleisch & Prentice, 1980), inside 0-1.
with

facts as (

    select * from {{ ref('int_measure_run_facts') }}

),

campaigns as (

    select * from {{ ref('dim_campaign') }}

),

orders as {{ computed_where_named() }} (

    select
        connection_id,
        customer_id,
        order_date,
        is_new_customer is true as is_new_customer
    from {{ ref('fct_order') }}
    where order_class = 'kept' and customer_id is not null

),

-- Nobody bought before the order of a new customer, so all others of that customer came later: no
-- order needs a number.
returns as (

    select
        connection_id,
        customer_id,
        min(order_date) as next_order_date
    from orders
    where not is_new_customer
    group by connection_id, customer_id

),

campaign_shops as (

    select
        campaigns.campaign_id,
        campaigns.start_date,
        campaigns.end_date,
        shops.shop_connection_id
    from campaigns
    inner join {{ ref('stg_campaign_plan__campaign_shops') }} as shops
        on campaigns.campaign_id = shops.campaign_id

),

-- What brought a new customer's order: whoever the default model credits most; a tie goes to the
-- first name. Credits know whose order they are of, so no order is looked up.
credits as (

    select
        credits.campaign_id,
        credits.connection_id,
        credits.creator_id,
        credits.customer_id,
        credits.order_date,
        row_number() over (
            partition by credits.campaign_id, credits.connection_id, credits.order_id
            order by sum(credits.credit_share) desc, credits.creator_id asc
        ) as place
    from {{ ref('int_default_credits') }} as credits
    where
        credits.conversion_count = 1
        and credits.credit_share > 0
        and credits.order_class = 'kept'
        and credits.is_new_customer
        and credits.customer_id is not null
    group by
        credits.campaign_id,
        credits.connection_id,
        credits.order_id,
        credits.creator_id,
        credits.customer_id,
        credits.order_date

),

-- New customers twice: all of them, and those of each campaign's creators. Both ask when the
-- customer came back. Most of them no creator brought, and campaigns run at once: counted by day
-- before each campaign takes the days of its time.
came as (

    select
        cast(null as text) as campaign_id,
        cast(null as text) as creator_id,
        connection_id,
        customer_id,
        order_date
    from orders
    where is_new_customer

    union all

    select
        campaign_id,
        creator_id,
        connection_id,
        customer_id,
        order_date
    from credits
    where place = 1

),

customer_days as (

    select
        came.campaign_id,
        came.creator_id,
        came.connection_id,
        came.order_date,
        returns.next_order_date,
        count(*) as customer_count
    from came
    left join returns
        on
            came.connection_id = returns.connection_id
            and came.customer_id = returns.customer_id
    group by
        came.campaign_id,
        came.creator_id,
        came.connection_id,
        came.order_date,
        returns.next_order_date

),

everybody as (

    select
        campaign_shops.campaign_id,
        customer_days.order_date,
        customer_days.next_order_date,
        customer_days.customer_count
    from campaign_shops
    inner join customer_days
        on
            campaign_shops.shop_connection_id = customer_days.connection_id
            and campaign_shops.start_date <= customer_days.order_date
            and campaign_shops.end_date >= customer_days.order_date
    where customer_days.campaign_id is null

),

won as (

    select
        campaign_shops.campaign_id,
        customer_days.creator_id,
        customer_days.order_date,
        customer_days.next_order_date,
        customer_days.customer_count
    from customer_days
    inner join campaign_shops
        on
            customer_days.campaign_id = campaign_shops.campaign_id
            and customer_days.connection_id = campaign_shops.shop_connection_id
            and customer_days.order_date >= campaign_shops.start_date
            and customer_days.order_date <= campaign_shops.end_date

),

won_by_anybody as (

    select
        campaign_id,
        order_date,
        next_order_date,
        sum(customer_count) as customer_count
    from won
    group by campaign_id, order_date, next_order_date

),

-- The whole campaign beside its creators, and all creators together: whom nobody won is everybody
-- less those.
cohorts as (

    select
        campaign_id,
        '(no creator)' as cohort,
        order_date,
        next_order_date,
        customer_count
    from everybody

    union all

    select
        campaign_id,
        '(no creator)' as cohort,
        order_date,
        next_order_date,
        -customer_count as customer_count
    from won_by_anybody

    union all

    select
        campaign_id,
        '(all creators)' as cohort,
        order_date,
        next_order_date,
        customer_count
    from won_by_anybody

    union all

    select
        campaign_id,
        creator_id as cohort,
        order_date,
        next_order_date,
        customer_count
    from won

),

-- Seen until the repeat order or until now. A guest without an identity cannot be seen again.
seen as (

    select
        cohorts.campaign_id,
        cohorts.cohort,
        coalesce(cohorts.next_order_date, facts.last_day) - cohorts.order_date as seen_day_count,
        case when cohorts.next_order_date is not null then cohorts.customer_count else 0 end
            as repeat_count,
        cohorts.customer_count
    from cohorts
    cross join facts
    where cohorts.order_date <= facts.last_day

),

horizons as (

    {% for days in var('repeat_horizon_days') -%}
    select {{ days }} as horizon_days
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- Customers by how long they were seen, so that what follows reads days and not customers. At risk
-- on a day: everybody seen for at least so many days.
seen_days as (

    select
        campaign_id,
        cohort,
        seen_day_count,
        cast(sum(customer_count) as bigint) as customer_count,
        cast(sum(repeat_count) as bigint) as repeat_count,
        cast(
            sum(sum(customer_count)) over (
                partition by campaign_id, cohort order by seen_day_count desc
            ) as bigint
        ) as at_risk_count
    from seen
    group by campaign_id, cohort, seen_day_count
    having sum(customer_count) > 0

),

steps as (

    select
        campaign_id,
        cohort,
        seen_day_count as repeat_day,
        repeat_count,
        at_risk_count
    from seen_days
    where repeat_count > 0

),

curves as (

    select
        steps.campaign_id,
        steps.cohort,
        horizons.horizon_days,
        -- When everybody left came back the curve ends at 0, which has no logarithm.
        case
            when
                max(case when steps.repeat_count = steps.at_risk_count then 1 else 0 end) = 1
                then 0
            else exp(sum(ln(
                1 - cast(steps.repeat_count as numeric) / greatest(
                    steps.at_risk_count, steps.repeat_count + 1
                )
            )))
        end as staying_rate,
        sum(
            cast(steps.repeat_count as numeric)
            / (steps.at_risk_count * nullif(steps.at_risk_count - steps.repeat_count, 0))
        ) as greenwood_sum
    from steps
    inner join horizons on steps.repeat_day <= horizons.horizon_days
    group by steps.campaign_id, steps.cohort, horizons.horizon_days

),

counted as (

    select
        seen_days.campaign_id,
        seen_days.cohort,
        horizons.horizon_days,
        cast(sum(seen_days.customer_count) as bigint) as customer_count,
        cast(
            sum(
                case
                    when seen_days.seen_day_count <= horizons.horizon_days
                        then seen_days.repeat_count
                    else 0
                end
            ) as bigint
        ) as repeat_count,
        -- Still without a second order and seen for the whole horizon.
        cast(
            sum(
                case
                    when seen_days.seen_day_count >= horizons.horizon_days
                        then seen_days.customer_count
                    else 0
                end
            ) as bigint
        ) as at_risk_count,
        max(seen_days.seen_day_count) as longest_seen_day_count
    from seen_days
    cross join horizons
    group by seen_days.campaign_id, seen_days.cohort, horizons.horizon_days

),

estimated as (

    select
        counted.*,
        -- Beyond the last day anybody was seen the curve says nothing.
        case
            when counted.longest_seen_day_count >= counted.horizon_days
                then coalesce(curves.staying_rate, 1)
        end as staying_rate,
        curves.greenwood_sum
    from counted
    left join curves
        on
            counted.campaign_id = curves.campaign_id
            and counted.cohort = curves.cohort
            and counted.horizon_days = curves.horizon_days

),

-- As many customers as would leave the curve's variance (Greenwood's) if all of them had been seen
-- for the whole time (Dorey & Korn, Statistics in Medicine 6 (1987) 679-687). Nobody or everybody
-- came back: those seen to the end are the only witnesses of it.
spread as (

    select
        *,
        case
            when staying_rate > 0 and staying_rate < 1
                then (1 - staying_rate) / (staying_rate * greenwood_sum)
            else greatest(at_risk_count, 1)
        end as effective_count,
        1 - staying_rate as repeat_rate
    from estimated

),

final as (

    select
        spread.campaign_id,
        spread.cohort,
        spread.horizon_days,
        case when spread.cohort not like '(%' then spread.cohort end as creator_id,
        spread.customer_count,
        spread.repeat_count,
        spread.at_risk_count,
        cast(spread.repeat_rate as numeric(18, 6)) as repeat_rate,
        {{ rate_low('spread.effective_count * spread.repeat_rate', 'spread.effective_count') }}
            as repeat_rate_low,
        {{ rate_high('spread.effective_count * spread.repeat_rate', 'spread.effective_count') }}
            as repeat_rate_high,
        case
            when spread.staying_rate is null then 'no customer was seen for so many days yet'
        end as unavailable_reason,
        campaigns.default_attribution_model as attribution_model,
        campaigns.default_rule_version as rule_version,
        {{ days_after('campaigns.end_date', 'spread.horizon_days') }} <= facts.as_of_date
            as is_final,
        facts.sources_present,
        facts.as_of_date
    from spread
    inner join campaigns on spread.campaign_id = campaigns.campaign_id
    cross join facts

)

select * from final
