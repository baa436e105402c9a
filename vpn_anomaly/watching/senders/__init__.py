"""Events that are sent to other machines while a source is watched: to a webhook, to an MQTT broker."""
