-- The long form of the credits: one row per ledger entry, touch, rule version and model.
with

models as (

    {% for model in var('attribution_models') -%}
    select '{{ model.name }}' as attribution_model
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

final as (

    select
        credits.connection_id,
        credits.order_id,
        credits.event_date,
        credits.rule_version,
        models.attribution_model,
        credits.touch_id,
        credits.channel_type,
        credits.channel,
        credits.campaign_id,
        credits.creator_id,
        credits.ordered_at,
        credits.order_date,
        credits.order_class,
        credits.is_new_customer,
        credits.currency_code,
        credits.conversion_count,
        {{ chosen_model('models.attribution_model', 'credits', 'share') }} as credit_share,
        {{ chosen_model('models.attribution_model', 'credits', 'amount') }} as credit_amount
    from {{ ref('fct_attribution_credit') }} as credits
    cross join models

)

select * from final
