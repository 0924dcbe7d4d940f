/** The public account and key of every storage emulator. */
const ACCOUNT = "devstoreaccount1";
const KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

export interface StoragePorts {
  blob: number;
  queue: number;
  table: number;
}

export const DEFAULT_PORTS: StoragePorts = { blob: 10_000, queue: 10_001, table: 10_002 };

/** Whether a connection string means the emulator on the default ports of this machine. */
export function isDevelopmentStorage(connection: string): boolean {
  return /^\s*UseDevelopmentStorage\s*=\s*true\s*;?\s*$/i.test(connection);
}

/** The long form of `UseDevelopmentStorage=true`, for any ports. */
export function developmentConnectionString(ports: StoragePorts): string {
  const endpoint = (kind: string, port: number): string => `${kind}Endpoint=http://127.0.0.1:${port}/${ACCOUNT};`;
  return [
    `DefaultEndpointsProtocol=http;AccountName=${ACCOUNT};AccountKey=${KEY};`,
    endpoint("Blob", ports.blob),
    endpoint("Queue", ports.queue),
    endpoint("Table", ports.table),
  ].join("");
}
