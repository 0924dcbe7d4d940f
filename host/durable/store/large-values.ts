import { randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import { BlobServiceClient, type ContainerClient } from "@azure/storage-blob";
import type { TransientFaults } from "./transient-faults.js";

/** A table column holds 64 KiB of UTF-16. This leaves some room. */
const MAX_COLUMN_CHARACTERS = 30 * 1024;

export const isLarge = (text: string): boolean => text.length > MAX_COLUMN_CHARACTERS;

/** Texts that are too large for a column, as gzipped blobs in the folder of their instance. */
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

  /**
   * Stores a text and resolves with the name of its blob.
   *
   * @param label says what the text is, such as `history-0000000000000005-TaskCompleted-Result`
   */
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

  /** The address of a blob, for the columns that hold an address instead of a name. */
  url(name: string): string {
    return this.#container.getBlobClient(name).url;
  }

  /** The name of the blob at an address of {@link url}; undefined for any other text. */
  nameFromUrl(text: string): string | undefined {
    const prefix = `${this.#container.url}/`;
    return text.startsWith(prefix) ? decodeURIComponent(text.slice(prefix.length)) : undefined;
  }

  async deleteAll(partitionKey: string): Promise<void> {
    await this.#faults.withRetry("delete large values", async () => {
      for await (const blob of this.#container.listBlobsFlat({ prefix: `${partitionKey}/` })) {
        await this.#container.deleteBlob(blob.name);
      }
    });
  }
}
