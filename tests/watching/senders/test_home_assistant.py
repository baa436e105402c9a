"""What is published for Home Assistant against what its documentation allows."""

import json
import re

from vpn_anomaly.watching.senders.home_assistant import discovery, source_id

NAMES = [
    "camera:0",
    "camera_0",
    "rtsp://***@cam/1?key=***",
    "rtsp://***@cam/1?key=*** #2",
    "Straße/№1.mkv",
    "",
    "a/+/#",
    "film\udc80",
]
# Of binary_sensor.mqtt and of MQTT discovery in its documentation (2026).
SENSOR = set(
    "availability availability_mode availability_template availability_topic device device_class enabled_by_default"
    " encoding entity_category entity_picture expire_after force_update icon json_attributes_template"
    " json_attributes_topic name object_id off_delay origin payload_available payload_not_available payload_off"
    " payload_on qos state_topic unique_id value_template".split()
)
DEVICE = set(
    "configuration_url connections hw_version identifiers manufacturer model model_id name serial_number"
    " suggested_area sw_version via_device".split()
)
TOPIC = re.compile(r"homeassistant/binary_sensor/[a-zA-Z0-9_-]+/config")


def test_every_source_has_a_name_of_its_own_that_topics_may_have():
    ids = [source_id(prefix, name) for name in NAMES for prefix in ("a", "a/b")]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch("[a-zA-Z0-9_]{1,60}", one) for one in ids)
    assert ids == [source_id(prefix, name) for name in NAMES for prefix in ("a", "a/b")]
    assert source_id("a", "camera:0").startswith("camera_0_")


def test_the_announcement_is_one_that_it_understands():
    for name in NAMES:
        topic, content = discovery("house/vpn", name)
        assert TOPIC.fullmatch(topic) and topic.split("/")[2] == content["unique_id"]
        assert set(content) <= SENSOR and set(content["device"]) <= DEVICE
        assert set(content["origin"]) <= {"name", "sw_version", "support_url"} and content["origin"]["name"]
        assert {"state_topic", "unique_id", "device", "availability_topic"} <= set(content)
        assert content["device"]["identifiers"] and content["device_class"] == "problem"
        topics = [value for key, value in content.items() if key.endswith("_topic")]
        assert len(topics) == 3 and all(of.startswith("house/vpn/") for of in topics)
        assert not [of for of in topics if re.search("[+#]", of)]
        assert json.dumps(content, ensure_ascii=False).encode()
