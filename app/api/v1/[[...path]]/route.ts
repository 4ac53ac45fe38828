import { createApi } from '#lib/api/dispatch.ts';
import { router } from '#lib/api/table.ts';
import { portal } from '#lib/session/portal.ts';

const api = createApi(router, portal);

export { api as DELETE, api as GET, api as PATCH, api as POST, api as PUT };
