/** What a program that speaks plain TCP gets as its `tcp` when the run wants TLS. */
import config from "mc/config";
import { tls, type TlsOptions } from "xs-mqtt/tls";

export const tcp = tls(config["tls"] as TlsOptions);
