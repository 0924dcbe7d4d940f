import { BlobServiceClient } from "@azure/storage-blob";
import { expect, inject, test } from "vitest";
import { keepInBlobs } from "../../../src/store/blob-heads.js";
import { uniquePrefix } from "../../support/azurite.js";

const head = (seq: number, digit = "a") => ({ seq, hash: digit.repeat(64), at: "2026-03-02T09:00:00.000Z" });

test("a head is kept in a blob that is never written again, and the container is made by the first one", async () => {
  const prefix = uniquePrefix();
  const keep = keepInBlobs(inject("storage"), prefix);
  const name = await keep(head(7));
  expect(await keep(head(7, "b"))).toBe(name);
  const [container = "", ...path] = name.split("/");
  const blobs = BlobServiceClient.fromConnectionString(inject("storage")).getContainerClient(container);
  const content = await blobs.getBlobClient(path.join("/")).downloadToBuffer();
  expect(JSON.parse(content.toString())).toEqual(head(7));
});

test("an account that refuses the signature is named with the code of the service", async () => {
  const wrong = inject("storage").replace(/AccountKey=[^;]+/, `AccountKey=${Buffer.from("wrong").toString("base64")}`);
  await expect(keepInBlobs(wrong, uniquePrefix())(head(1))).rejects.toThrow(/answered 403/);
});
