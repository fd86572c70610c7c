-- One row per campaign, week and step of the paths: from `(start)` or a channel to a channel,
-- `(conversion)` or `(null)`, and how often it was made. Repeats of a channel are steps of their
-- own.
with

summary as (

    select * from {{ ref('int_path_summary') }}

),

steps as (

    {{ path_steps('select * from summary') | indent(4) }}

),

transitions as (

    select
        campaign_id,
        week_start_date,
        coalesce(previous_channel, '(start)') as from_state,
        channel as to_state,
        conversion_count + null_count as transition_count
    from steps

    union all

    select
        campaign_id,
        week_start_date,
        channel as from_state,
        '(conversion)' as to_state,
        conversion_count as transition_count
    from steps
    where is_last and conversion_count > 0

    union all

    select
        campaign_id,
        week_start_date,
        channel as from_state,
        '(null)' as to_state,
        null_count as transition_count
    from steps
    where is_last and null_count > 0

),

final as (

    select
        campaign_id,
        week_start_date,
        from_state,
        to_state,
        {{ sum_count('transition_count') }} as transition_count
    from transitions
    group by campaign_id, week_start_date, from_state, to_state

)

select * from final
