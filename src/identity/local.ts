import { LOCAL_ADMINISTRATOR } from "../domain/access/caller.js";
import type { Identity } from "./port.js";

/** Every caller is the local administrator, because nobody else can reach the installation. */
export const localIdentity: Identity = { identify: async () => LOCAL_ADMINISTRATOR };
