// The SDK's module for this holds an array that is not frozen, which costs RAM; here is its native part alone.
/* global native */

/** esp_reset_reason(): why the device started. */
export default function resetReason() {
	return native("xs_esp32_reset_reason").call(this);
}
