import { RecoveryError } from "../../domain/errors.js";
import { toInstant } from "../../domain/text.js";
import { schemeOf } from "../../domain/webhooks/schemes.js";
import type { WebhookSource, WebhookSourceInput } from "../../domain/webhooks/source.js";
import type { Page, PageRequest } from "../../store/port.js";
import { keysOf } from "../../webhooks/keys.js";
import type { Services } from "../context.js";

/** A source, and those of its secrets that have no usable value. */
export interface SourceView extends WebhookSource {
  unusableSecrets: string[];
}

export async function saveSource(
  services: Services,
  id: string,
  input: WebhookSourceInput,
  savedBy: string,
): Promise<{ view: SourceView; isNew: boolean }> {
  const source = { id, ...input, savedAt: toInstant(services.clock.now()), savedBy };
  const isNew = await services.store.putWebhookSource(source);
  return { view: viewOf(services, source), isNew };
}

export async function getSource(services: Services, id: string): Promise<SourceView> {
  const found = await services.store.getWebhookSource(id);
  if (!found) throw new RecoveryError("webhook-source-not-found", `there is no source ${id}`);
  return viewOf(services, found);
}

export async function listSources(services: Services, page: PageRequest): Promise<Page<SourceView>> {
  const { entries, ...rest } = await services.store.listWebhookSources(page);
  return { ...rest, entries: entries.map((source) => viewOf(services, source)) };
}

/** The values stay where they are: a view says only whether there is a usable one. */
function viewOf({ secrets }: Services, source: WebhookSource): SourceView {
  const scheme = schemeOf(source.scheme);
  const unusableSecrets = source.secrets.filter((name) => keysOf(scheme, [name], secrets).length === 0);
  return { ...source, unusableSecrets };
}
