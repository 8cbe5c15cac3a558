select
    channels.id as channel_id,
    channels.name,
    count(messages.id) as messages,
    max(messages.created_at) as last_message_at
from {{ source('team_messaging', 'channels') }} as channels
left join {{ source('team_messaging', 'messages') }} as messages on messages.channel_id = channels.id
group by channels.id, channels.name
