{%- set totals = {
    'reach': 'reach_count',
    'views': 'views_count',
    'accounts_engaged': 'engaged_account_count',
    'total_interactions': 'interaction_count',
    'likes': 'likes_count',
    'comments': 'comments_count',
    'shares': 'shares_count',
    'saves': 'saves_count',
    'replies': 'replies_count',
    'reposts': 'reposts_count',
    'profile_links_taps': 'link_tap_count',
} %}

with

source as (

    select * from {{ source('instagram', 'account_insights') }}

),

renamed as (

    select
        connection_id,
        account_id,
        date as insight_date,
        'America/Los_Angeles' as date_timezone,
        max(end_time) as ended_at,
        {%- for metric, column in totals.items() %}
        max(case when metric = '{{ metric }}' and breakdown = '' then value end) as {{ column }},
        {%- endfor %}
        max(
            case when metric = 'follows_and_unfollows' and breakdown = 'FOLLOWER' then value end
        ) as follows_count,
        max(
            case when metric = 'follows_and_unfollows' and breakdown = 'NON_FOLLOWER' then value end
        ) as unfollows_count,
        max(_load_id) as load_id
    from source
    group by connection_id, account_id, date

)

select * from renamed
