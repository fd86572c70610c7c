{#- Tables that keep sums over a campaign's whole time in a shop. They change with the campaign's own inputs, of
which the model tells a key, and with rebuilt orders of its days (macros/rebuilt_days.sql). Most campaigns of a long
history are over, and stay as they are.

Such a model is incremental with the strategy append, has the columns campaign_id, connection_id and inputs_key and
the pre-hooks open_rebuilt_days and forget_rebuilt_campaigns. -#}

{#- Pre-hook, after open_rebuilt_days: forget the campaigns that are summed again, and those that are gone.

campaigns: a query with campaign_id, connection_id, start_date, last_date and inputs_key. -#}
{% macro forget_rebuilt_campaigns(campaigns) -%}
    {% if is_incremental() -%}
        create temporary table rebuilt_campaigns on commit drop as
        with

        campaigns as materialized (

            {{ campaigns | indent(12) }}

        ),

        rebuilt as materialized (

            {{ days_to_rebuild() | indent(12) }}

        ),

        stored as materialized (

            select
                kept.campaign_id,
                kept.connection_id,
                -- None of the rows of an older version's table, which has no keys, is known to be right.
                min({{ 'kept.inputs_key' if has_column(this, 'inputs_key') else "''" }}) as inputs_key
            from {{ this }} as kept
            group by kept.campaign_id, kept.connection_id

        )

        select
            coalesce(campaigns.campaign_id, stored.campaign_id) as campaign_id,
            coalesce(campaigns.connection_id, stored.connection_id) as connection_id
        from campaigns
        full outer join stored
            on
                campaigns.campaign_id = stored.campaign_id
                and campaigns.connection_id = stored.connection_id
        where
            campaigns.inputs_key is distinct from stored.inputs_key
            or exists (
                select 1
                from rebuilt
                where
                    campaigns.connection_id = rebuilt.connection_id
                    and campaigns.start_date <= rebuilt.order_date
                    and campaigns.last_date >= rebuilt.order_date
            );
        delete from {{ this }}
        where
            (campaign_id, connection_id) in (
                select
                    gone.campaign_id,
                    gone.connection_id
                from rebuilt_campaigns as gone
            )
    {%- endif %}
{%- endmacro %}

{#- Condition in such a model: this run sums the campaign again. -#}
{% macro is_rebuilt_campaign(campaign_id, connection_id) -%}
    ({{ campaign_id }}, {{ connection_id }}) in (
            select
                rebuilt.campaign_id,
                rebuilt.connection_id
            from rebuilt_campaigns as rebuilt
        )
{%- endmacro %}
