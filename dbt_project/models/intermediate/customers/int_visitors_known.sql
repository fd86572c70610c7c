-- One row per visitor of the event export who signed in: the one user it was. A browser in which
-- two users signed in stays a visitor of its own.
with

users as (

    {{ visitors_signed_in(in_part=false) | indent(4) }}

)

select * from users
