{#- The table the solve fills between the two dbt groups; a build by hand finds it empty. -#}
{% macro create_estimates_table() -%}
    create table if not exists analysis.creator_estimates (
        campaign_id text not null,
        creator_id text not null,
        attribution_model text not null,
        rule_version text not null,
        estimated_order_count numeric not null,
        order_count_low numeric not null,
        order_count_high numeric not null,
        estimated_net_revenue_amount numeric,
        net_revenue_low numeric,
        net_revenue_high numeric,
        solve_id text not null,
        solved_at timestamptz not null,
        primary key (campaign_id, creator_id, attribution_model, rule_version)
    )
{%- endmacro %}
