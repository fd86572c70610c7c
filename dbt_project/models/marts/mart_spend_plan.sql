-- Money by week on four bases, and who posts: what was promised, what was delivered, what is due to
-- be paid, and (for finance alone) a fee spread evenly over the campaign's days.
with

facts as (

    select * from {{ ref('int_measure_run_facts') }}

),

campaigns as (

    select * from {{ ref('dim_campaign') }}

),

costs as (

    select * from {{ ref('fct_creator_cost') }}

),

first_days as (

    select
        campaigns.campaign_id,
        least(campaigns.start_date, min(costs.cost_date)) as first_date,
        greatest(campaigns.end_date, max(costs.cost_date)) as last_date
    from campaigns
    left join costs on campaigns.campaign_id = costs.campaign_id
    group by campaigns.campaign_id, campaigns.start_date, campaigns.end_date

),

weeks as (

    select
        first_days.campaign_id,
        cast(calendar.first_day as date) as week_start_date,
        {{ days_after('calendar.first_day', 6) }} as week_end_date
    from first_days
    cross join
        lateral generate_series(
            date_trunc('week', first_days.first_date),
            date_trunc('week', first_days.last_date),
            interval '7 days'
        ) as calendar (first_day)

),

spent as (

    select
        weeks.campaign_id,
        weeks.week_start_date,
        {%- for basis in ['committed', 'delivered', 'accrued', 'due'] %}
        sum(case when costs.cost_basis = '{{ basis }}' then costs.cost_amount else 0 end)
            as {{ basis }}_amount,
        {%- endfor %}
        count(distinct case when costs.cost_basis = 'due' then costs.creator_id end)
            as due_creator_count
    from weeks
    inner join costs
        on
            weeks.campaign_id = costs.campaign_id
            and weeks.week_start_date <= costs.cost_date
            and weeks.week_end_date >= costs.cost_date
    group by weeks.campaign_id, weeks.week_start_date

),

pieces as (

    select
        weeks.campaign_id,
        weeks.week_start_date,
        sum(
            case
                when
                    pieces.planned_date >= weeks.week_start_date
                    and pieces.planned_date <= weeks.week_end_date
                    then 1
                else 0
            end
        ) as planned_piece_count,
        sum(
            case
                when
                    pieces.live_date >= weeks.week_start_date
                    and pieces.live_date <= weeks.week_end_date
                    and pieces.live_date <= facts.last_day
                    then 1
                else 0
            end
        ) as live_piece_count
    from weeks
    inner join {{ ref('int_deliverables_matched') }} as pieces
        on weeks.campaign_id = pieces.campaign_id
    cross join facts
    group by weeks.campaign_id, weeks.week_start_date

),

measured as (

    select
        weeks.campaign_id,
        weeks.week_start_date,
        weeks.week_end_date,
        campaigns.currency_code,
        campaigns.budget_amount,
        coalesce(pieces.planned_piece_count, 0) as planned_piece_count,
        coalesce(pieces.live_piece_count, 0) as live_piece_count,
        coalesce(spent.committed_amount, 0) as committed_amount,
        coalesce(spent.delivered_amount, 0) as delivered_amount,
        coalesce(spent.due_amount, 0) as due_amount,
        coalesce(spent.due_creator_count, 0) as due_creator_count,
        coalesce(spent.accrued_amount, 0) as accrued_fee_amount
    from weeks
    inner join campaigns on weeks.campaign_id = campaigns.campaign_id
    {% for name in ['spent', 'pieces'] -%}
    left join {{ name }}
        on
            weeks.campaign_id = {{ name }}.campaign_id
            and weeks.week_start_date = {{ name }}.week_start_date
    {% endfor %}
),

final as (

    select
        measured.campaign_id,
        measured.week_start_date,
        measured.week_end_date,
        measured.currency_code,
        measured.planned_piece_count,
        measured.live_piece_count,
        {{ amount('measured.committed_amount') }} as committed_amount,
        {{ amount('measured.delivered_amount') }} as delivered_amount,
        {{ amount('measured.due_amount') }} as due_amount,
        measured.due_creator_count,
        {{ amount('measured.accrued_fee_amount') }} as accrued_fee_amount,
        {{ amount('sum(measured.committed_amount) over to_date') }} as committed_amount_to_date,
        {{ amount('sum(measured.delivered_amount) over to_date') }} as delivered_amount_to_date,
        {{ amount('sum(measured.due_amount) over to_date') }} as due_amount_to_date,
        {{ amount('sum(measured.accrued_fee_amount) over to_date') }}
            as accrued_fee_amount_to_date,
        {{ amount('measured.budget_amount') }} as budget_amount,
        {{ amount('measured.budget_amount - sum(measured.committed_amount) over to_date') }}
            as budget_left_amount,
        measured.week_start_date > facts.last_day as is_planned,
        {{ days_after('measured.week_end_date', var('restatement_days')) }} <= facts.as_of_date
            as is_final,
        facts.sources_present,
        facts.as_of_date
    from measured
    cross join facts
    window
        to_date as (
            partition by measured.campaign_id
            order by measured.week_start_date
            rows between unbounded preceding and current row
        )

)

select * from final
