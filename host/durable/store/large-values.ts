import { randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import { BlobServiceClient, type ContainerClient } from "@azure/storage-blob";
import type { TransientFaults } from "./transient-faults.js";

/** A table column holds 64 KiB of UTF-16; a little room is left. */
const LARGEST_COLUMN_CHARACTERS = 30 * 1024;

export const isLarge = (text: string): boolean => text.length > LARGEST_COLUMN_CHARACTERS;

/** Texts too large for a column, as gzipped blobs under the name of their instance. */
export class LargeValues {
  readonly #container: ContainerClient;
  readonly #faults: TransientFaults;

  constructor(connectionString: string, hubName: string, faults: TransientFaults) {
    const service = BlobServiceClient.fromConnectionString(connectionString, { retryOptions: { maxTries: 1 } });
    this.#container = service.getContainerClient(`${hubName.toLowerCase()}-largemessages`);
    this.#faults = faults;
  }

  async open(): Promise<void> {
    await this.#faults.withRetry("create the container of large values", () => this.#container.createIfNotExists());
  }

  /** Stores the text; `label` says what it is, such as `history-0000000000000005-TaskCompleted-Result`. Resolves with its name. */
  async put(partitionKey: string, label: string, text: string): Promise<string> {
    const at = label.lastIndexOf("-");
    const name = `${partitionKey}/${label.slice(0, at)}-${randomBytes(4).toString("hex")}${label.slice(at)}.json.gz`;
    const body = await promisify(gzip)(text);
    const blob = this.#container.getBlockBlobClient(name);
    await this.#faults.withRetry("write a large value", () =>
      blob.upload(body, body.length, {
        blobHTTPHeaders: { blobContentType: "application/json", blobContentEncoding: "gzip" },
      }),
    );
    return name;
  }

  async get(name: string): Promise<string> {
    const blob = this.#container.getBlobClient(name);
    const body = await this.#faults.withRetry("read a large value", () => blob.downloadToBuffer());
    return (await promisify(gunzip)(body)).toString("utf8");
  }

  /** Where a value lies, for the columns that hold an address instead of a name. */
  urlOf(name: string): string {
    return this.#container.getBlobClient(name).url;
  }

  /** The name of the value at an address of {@link urlOf}; undefined for any other text. */
  nameOf(text: string): string | undefined {
    const prefix = `${this.#container.url}/`;
    return text.startsWith(prefix) ? decodeURIComponent(text.slice(prefix.length)) : undefined;
  }

  async deleteOf(partitionKey: string): Promise<void> {
    await this.#faults.withRetry("delete large values", async () => {
      for await (const blob of this.#container.listBlobsFlat({ prefix: `${partitionKey}/` })) {
        await this.#container.deleteBlob(blob.name);
      }
    });
  }
}
