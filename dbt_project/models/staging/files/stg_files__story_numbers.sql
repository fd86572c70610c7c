with

source as (

    select * from {{ source('files', 'story_numbers') }}

),

renamed as (

    select
        connection_id,
        lower(platform) as platform,
        {{ handle_key('creator_handle') }} as creator_handle_key,
        published_at,
        reported_at,
        deliverable_id,
        story_url,
        reach as reach_count,
        views as view_count,
        replies as reply_count,
        shares as share_count,
        link_clicks as link_click_count,
        sticker_taps as sticker_tap_count,
        profile_visits as profile_visit_count,
        follows as follow_count,
        taps_forward as tap_forward_count,
        taps_back as tap_back_count,
        exits as exit_count,
        file_name,
        line_number,
        _load_id as load_id
    from source

)

select * from renamed
