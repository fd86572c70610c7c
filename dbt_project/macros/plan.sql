{#- Spans of ownership as the plan leaves them: what a creator owns ends on the last day the plan
named them. Where the newest plan gives the thing to somebody it still names, that goes first: the
span of the one it forgot ends the day before, or is dropped. `spans` is a CTE with connection_id,
campaign_id, creator_id, scope_key, valid_from_date and valid_to_date; `key` names its columns that
say what is owned. -#}
{% macro planned_spans(spans, key) -%}
    select closed.* from (
        select
            {{ spans }}.*,
            members.last_planned_date,
            case
                when members.last_planned_date is null then {{ spans }}.valid_to_date
                else least(
                    {{ spans }}.valid_to_date,
                    members.last_planned_date,
                    (
                        select {{ days_after('min(others.valid_from_date)', -1) }}
                        from {{ spans }} as others
                        left join {{ ref('stg_campaign_plan__plan_members') }} as other_members
                            on
                                others.connection_id = other_members.connection_id
                                and others.campaign_id = other_members.campaign_id
                                and others.creator_id = other_members.creator_id
                        where
                            other_members.last_planned_date is null
                            and others.scope_key = {{ spans }}.scope_key
                            {%- for column in key %}
                            and others.{{ column }} = {{ spans }}.{{ column }}
                            {%- endfor %}
                            and (
                                others.valid_to_date is null
                                or others.valid_to_date >= {{ spans }}.valid_from_date
                            )
                    )
                )
            end as planned_to_date
        from {{ spans }}
        left join {{ ref('stg_campaign_plan__plan_members') }} as members
            on
                {{ spans }}.connection_id = members.connection_id
                and {{ spans }}.campaign_id = members.campaign_id
                and {{ spans }}.creator_id = members.creator_id
    ) as closed
    where closed.planned_to_date is null or closed.planned_to_date >= closed.valid_from_date
{%- endmacro %}

{#- True on the days of a span, both ends included; no valid_to_date is no end. -#}
{% macro holds_on_day(span, day) -%}
    {{ span }}.valid_from_date <= {{ day }}
    and ({{ span }}.valid_to_date is null or {{ day }} <= {{ span }}.valid_to_date)
{%- endmacro %}


{#- How far the draft of a piece is at the end of a day; `promise` is its row of the plan. -#}
{% macro draft_status(promise, last_day) -%}
    case
        when {{ promise }}.approved_date <= {{ last_day }} then 'approved'
        when {{ promise }}.draft_submitted_date <= {{ last_day }} then 'submitted'
        when {{ promise }}.draft_due_date < {{ last_day }} then 'late'
        when {{ promise }}.draft_due_date is not null then 'due'
        else 'none'
    end
{%- endmacro %}
