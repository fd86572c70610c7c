{#- What the chain that serves a shop's day was solved from, by day; days of one key are split alike. -#}
{% macro chain_keys() -%}
    select
        chain_days.connection_id,
        chain_days.order_date,
        chain_days.solve_id,
        concat_ws(' ', solves.solve_id, solves.input_key) as chain_key
    from {{ ref('int_chain_days') }} as chain_days
    inner join {{ source('analysis', 'markov_solves') }} as solves
        on chain_days.solve_id = solves.solve_id
{%- endmacro %}

{#- Days whose stored sums (`stored`, a relation or CTE) were split by another chain than serves them now. -#}
{% macro days_chained_otherwise(stored) -%}
    select
        split.connection_id,
        split.order_date
    from (
        select distinct
            stored.connection_id,
            stored.order_date,
            stored.chain_key
        from {{ stored }} as stored
    ) as split
    left join ({{ chain_keys() }}) as chain_keys
        on
            split.connection_id = chain_keys.connection_id
            and split.order_date = chain_keys.order_date
    where split.chain_key <> coalesce(chain_keys.chain_key, '')
{%- endmacro %}

{#- Kept orders of some days under `markov_path`, summed by day of order and entry, rule version and who is
credited; `days`: a CTE with connection_id and order_date, without one all days. Only the rule versions that
a mart asks for are split. -#}
{% macro chained_sums(days=none) -%}
    select
        credits.connection_id,
        credits.order_date,
        coalesce(chain_keys.chain_key, '') as chain_key,
        case when dated_orders.order_id is not null then chain_keys.solve_id end as solve_id,
        credits.event_date,
        credits.rule_version,
        credits.channel_type,
        credits.channel,
        credits.campaign_id,
        credits.creator_id,
        sum(credits.credit_share * credits.conversion_count) as credited_order_count,
        sum(credits.credit_amount) as credited_amount
    from {{ ref('int_credits_chained') }} as credits
    {%- if days %}
    inner join {{ days }} as days
        on
            credits.connection_id = days.connection_id
            and credits.order_date = days.order_date
    {%- endif %}
    left join (
        -- The orders of int_path_summary: a dated touch in the path.
        select
            touches.connection_id,
            touches.order_id
        from {{ ref('fct_touchpoint') }} as touches
        {%- if days %}
        inner join {{ ref('fct_order') }} as orders
            on
                touches.connection_id = orders.connection_id
                and touches.order_id = orders.order_id
        {%- endif %}
        where
            touches.is_in_path
            and touches.rule_version = '{{ var("attribution_rule_versions")[0] }}'
            {%- if days %}
            -- A list, not a join: by the shop they share, each touch would meet every day.
            and orders.order_date = any(array(select wanted.order_date from {{ days }} as wanted))
            {%- endif %}
        group by touches.connection_id, touches.order_id
        having max(case when touches.is_dated then 1 else 0 end) = 1
    ) as dated_orders
        on
            credits.connection_id = dated_orders.connection_id
            and credits.order_id = dated_orders.order_id
    left join ({{ chain_keys() }}) as chain_keys
        on
            credits.connection_id = chain_keys.connection_id
            and credits.order_date = chain_keys.order_date
    where
        credits.order_class = 'kept'
        -- Lists, not joins: these reach into the view, which then splits no other order.
        and credits.rule_version = any(
            array(
                select wanted.default_rule_version from {{ ref('dim_campaign') }} as wanted
                union distinct
                select '{{ var("attribution_rule_versions")[0] }}' as default_rule_version
            )
        )
        {%- if days %}
        and credits.order_date = any(array(select wanted.order_date from {{ days }} as wanted))
        {%- endif %}
    group by
        credits.connection_id,
        credits.order_date,
        chain_keys.chain_key,
        dated_orders.order_id is not null,
        chain_keys.solve_id,
        credits.event_date,
        credits.rule_version,
        credits.channel_type,
        credits.channel,
        credits.campaign_id,
        credits.creator_id
{%- endmacro %}

{#- Pre-hooks of the table of those sums: the days that are summed again, then gone from it. -#}
{% macro collect_chained_days() -%}
    {% if is_incremental() -%}
        create temporary table chained_days_to_rebuild on commit drop as
        {{ days_to_rebuild() }}

        union distinct

        {{ days_chained_otherwise(this) }}
    {%- endif %}
{%- endmacro %}
