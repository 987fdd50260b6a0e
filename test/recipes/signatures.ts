import { createHash, createHmac } from "node:crypto";

const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Who signs for AWS, and for what. */
export interface AwsSigner {
	host: string;
	region: string;
	accessKey: string;
	secretKey: string;
}

/** Signature Version 4 of a GET of /mqtt, as a query: what IoT Core wants of WebSocket. in: time  as 20261130T120000Z */
export function signedPath({ host, region, accessKey, secretKey }: AwsSigner, time: string): string {
	const day = time.slice(0, 8);
	const scope = `${day}/${region}/iotdevicegateway/aws4_request`;
	const query =
		"X-Amz-Algorithm=AWS4-HMAC-SHA256" +
		`&X-Amz-Credential=${encodeURIComponent(`${accessKey}/${scope}`)}` +
		`&X-Amz-Date=${time}&X-Amz-Expires=86400&X-Amz-SignedHeaders=host`;
	const request = `GET\n/mqtt\n${query}\nhost:${host}\n\nhost\n${sha256("")}`;
	const text = `AWS4-HMAC-SHA256\n${time}\n${scope}\n${sha256(request)}`;
	let key = hmac(`AWS4${secretKey}`, day);
	for (const part of [region, "iotdevicegateway", "aws4_request"]) key = hmac(key, part);
	return `/mqtt?${query}&X-Amz-Signature=${hmac(key, text).toString("hex")}`;
}

/** A SAS token of IoT Hub. in: resource  hub/devices/id; key  base64; expiry  seconds since 1970 */
export function sasToken(resource: string, key: string, expiry: number): string {
	const uri = encodeURIComponent(resource);
	const signature = createHmac("sha256", Buffer.from(key, "base64")).update(`${uri}\n${expiry}`).digest("base64");
	return `SharedAccessSignature sr=${uri}&sig=${encodeURIComponent(signature)}&se=${expiry}`;
}
