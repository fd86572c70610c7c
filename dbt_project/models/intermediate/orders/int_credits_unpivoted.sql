-- The long form of the credits: one row per ledger entry, touch, rule version and model; the models
-- of the credit rows and `markov_path`.
with

models as (

    {% for model in var('attribution_models') -%}
    select '{{ model.name }}' as attribution_model
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

unpivoted as (

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

),

final as (

    select * from unpivoted

    union all

    select
        connection_id,
        order_id,
        event_date,
        rule_version,
        'markov_path' as attribution_model,
        touch_id,
        channel_type,
        channel,
        campaign_id,
        creator_id,
        ordered_at,
        order_date,
        order_class,
        is_new_customer,
        currency_code,
        conversion_count,
        credit_share,
        credit_amount
    from {{ ref('int_credits_chained') }}

)

select * from final
