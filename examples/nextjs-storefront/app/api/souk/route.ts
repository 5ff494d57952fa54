import { revalidateTag } from 'next/cache';
import { tagsOf, verified } from '../../../lib/webhook';

/** Souk says that something changed: what was cached of it is shown anew. `POST /v1/webhook-endpoints` points here. */
export async function POST(request: Request): Promise<Response> {
  const event = verified(request.headers, await request.text(), process.env.SOUK_WEBHOOK_SECRET ?? '');
  if (!event) return new Response('not signed with our secret\n', { status: 400 });
  for (const tag of tagsOf(event)) revalidateTag(tag, { expire: 0 });
  return new Response(null, { status: 204 });
}
