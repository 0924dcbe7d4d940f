import { openApiOf } from "../api/openapi.js";
import { ALL_ROUTES, ROUTES } from "../api/routes.js";
import { serve, serveUnknown } from "./serve.js";

serve(ROUTES.openApi, async () => ({ body: openApiOf(ALL_ROUTES, "0.1.0") }));

serveUnknown(ALL_ROUTES);
