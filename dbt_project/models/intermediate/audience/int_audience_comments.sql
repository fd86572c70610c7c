-- One row per campaign and creator's account with readable comments: how many others wrote
-- under its posts, how many of those in a language that can be judged would fit any post, and how
-- many of the rest repeat an earlier one. Answers in a thread are left out: most are the account's
-- own thanks.
with

accounts as (

    select * from {{ ref('stg_campaign_plan__creator_accounts') }}

),

numbered as (

    select
        written.platform,
        posts.handle,
        written.is_generic,
        written.is_generic is not true
        and row_number() over (
            partition by written.platform, posts.handle, written.text_hash
            order by written.commented_at, written.comment_id
        ) > 1 as is_duplicate
    from {{ ref('fct_comment') }} as written
    inner join {{ ref('fct_post') }} as posts
        on
            written.platform = posts.platform
            and written.post_id = posts.post_id
    where not written.is_reply and not coalesce(written.is_by_account, false)

),

counted as (

    select
        platform,
        handle,
        count(*) as comment_count,
        {{ count_where('is_generic is not null') }} as judged_comment_count,
        {{ count_where('is_generic') }} as generic_comment_count,
        {{ count_where('is_duplicate') }} as duplicate_comment_count
    from numbered
    group by platform, handle

),

final as (

    select
        accounts.campaign_id,
        accounts.creator_id,
        counted.platform,
        counted.handle,
        counted.comment_count,
        counted.judged_comment_count,
        counted.generic_comment_count,
        counted.duplicate_comment_count
    from counted
    inner join accounts
        on
            counted.platform = accounts.platform
            and counted.handle = accounts.handle_key

)

select * from final
