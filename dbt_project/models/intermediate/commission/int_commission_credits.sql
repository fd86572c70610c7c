-- What the contract's own model credits its creator with under the contract's own rule version, by
-- order, business date of the order and ledger date, beside the terms that held on the order's day.
-- Kept: only days with a rebuilt order are read again; a change of a plan rebuilds every order.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook=['{{ join_whole_tables() }}', '{{ open_rebuilt_days() }}', '{{ forget_rebuilt_days() }}'],
    post_hook='{{ analyze_when_grown() }}',
    indexes=[{'columns': ['connection_id', 'order_date']}],
) }}

with

{% if is_incremental() -%}
days as (

    {{ days_to_rebuild() | indent(4) }}

),

{% endif -%}
campaigns as (

    select * from {{ ref('dim_campaign') }}

),

contracts as (

    select * from {{ ref('stg_campaign_plan__contracts') }}

),

terms as (

    select
        terms.campaign_id,
        terms.creator_id,
        terms.contract_id,
        terms.term_number,
        terms.valid_from_date,
        terms.valid_to_date,
        terms.commission_rate,
        coalesce(contracts.commission_model, campaigns.default_attribution_model)
            as commission_model,
        contracts.commission_hold_days,
        case
            when terms.rule_version in {{ quoted_list(var('attribution_rule_versions')) }}
                then terms.rule_version
            else campaigns.default_rule_version
        end as rule_version,
        terms.rule_version not in {{ quoted_list(var('attribution_rule_versions')) }} as is_assumed,
        campaigns.currency_code
    from {{ ref('dim_contract_term') }} as terms
    inner join campaigns on terms.campaign_id = campaigns.campaign_id
    inner join contracts
        on
            terms.campaign_id = contracts.campaign_id
            and terms.contract_id = contracts.contract_id
    where terms.commission_rate > 0

),

final as (

    select
        terms.campaign_id,
        terms.creator_id,
        terms.contract_id,
        terms.term_number,
        terms.commission_rate,
        terms.commission_model,
        terms.commission_hold_days,
        terms.rule_version,
        terms.is_assumed,
        terms.currency_code,
        credits.connection_id,
        credits.order_id,
        credits.order_date,
        credits.event_date,
        credits.order_class,
        sum(
            credits.conversion_count
            * {{ chosen_model('terms.commission_model', 'credits', 'share') }}
        ) as credited_order_count,
        sum({{ chosen_model('terms.commission_model', 'credits', 'amount') }})
            as credited_net_amount
    from terms
    inner join {{ ref('fct_attribution_credit') }} as credits
        on
            terms.campaign_id = credits.campaign_id
            and terms.creator_id = credits.creator_id
            and terms.rule_version = credits.rule_version
            and (terms.valid_from_date is null or terms.valid_from_date <= credits.order_date)
            and (terms.valid_to_date is null or terms.valid_to_date >= credits.order_date)
    {% if is_incremental() -%}
    inner join days
        on
            credits.connection_id = days.connection_id
            and credits.order_date = days.order_date
    {% endif -%}
    where
        credits.order_class in ('kept', 'cancelled')
        -- Says nothing more, but by index: few creators earn commission, and all credits are many.
        and credits.campaign_id = any(array(select listed.campaign_id from terms as listed))
        and credits.creator_id = any(array(select listed.creator_id from terms as listed))
        {%- if is_incremental() %}
        and {{ is_of_days('credits.order_date', 'days') }}
        {%- endif %}
    group by
        terms.campaign_id,
        terms.creator_id,
        terms.contract_id,
        terms.term_number,
        terms.commission_rate,
        terms.commission_model,
        terms.commission_hold_days,
        terms.rule_version,
        terms.is_assumed,
        terms.currency_code,
        credits.connection_id,
        credits.order_id,
        credits.order_date,
        credits.event_date,
        credits.order_class

)

select * from final
-- depends_on: {{ ref('int_orders_affected') }} {{ ref('fct_order') }}
-- depends_on: {{ source('analysis', 'rebuilt_days') }} {{ source('analysis', 'day_readers') }}
