-- One row per visitor of the event export who signed in: the one user it was. A browser in which
-- two users signed in stays a visitor of its own.
with

users as (

    select
        connection_id,
        visitor_id,
        min(user_id) as user_id,
        min(touched_at) as first_signed_in_at
    from {{ ref('int_export_sessions') }}
    where user_id is not null
    group by connection_id, visitor_id
    having count(distinct user_id) = 1

)

select * from users
