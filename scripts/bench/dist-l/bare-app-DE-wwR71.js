import "./rolldown-runtime-BowF1xt-.js";
import { createHash, randomUUID } from "node:crypto";
import Fastify from "fastify";
import pino from "pino";
// scripts/bench/bare-app.ts
const LIMIT = 1e7;
const HEADERS = {
	"content-security-policy": "default-src 'none';frame-ancestors 'none'",
	"cross-origin-resource-policy": "cross-origin",
	"referrer-policy": "no-referrer",
	"strict-transport-security": "max-age=31536000; includeSubDomains",
	"x-content-type-options": "nosniff",
	"x-frame-options": "DENY",
	vary: "X-Api-Key, Origin, Accept-Language",
	"cache-control": "no-store"
};
/**
* A Fastify that does for one API key the same header work, count and log line as ours, with nothing around it. `admit`
* looks the key up and counts it; it gives undefined after having answered 401.
*/
function bareApp(key) {
	const known = /* @__PURE__ */ new Map([[hashOf(key), {
		id: "key_1",
		companyId: "com_1",
		scopes: ["store.read"]
	}]]);
	const counts = /* @__PURE__ */ new Map();
	const output = pino.destination({
		dest: "/dev/null",
		sync: false,
		minLength: 8192
	});
	const log = pino({
		base: { process: "bare" },
		timestamp: pino.stdTimeFunctions.isoTime
	}, output);
	const app = Fastify({
		logger: false,
		genReqId: () => randomUUID()
	});
	app.addHook("onRequest", (request, reply, done) => {
		reply.headers(HEADERS);
		reply.header("x-request-id", request.id);
		done();
	});
	app.addHook("onResponse", (request, reply, done) => {
		log.info({
			requestId: request.id,
			method: request.method,
			route: request.routeOptions.url,
			status: reply.statusCode,
			ms: Math.round(reply.elapsedTime * 10) / 10,
			company: "com_01m7yzmvskesztb354vv6gh5te",
			actor: "key:key_01m7yzmvtnfdn8z5apvwc8dw1h"
		});
		done();
	});
	const admit = (request, reply) => {
		const hash = hashOf(String(request.headers["x-api-key"]));
		const standing = known.get(hash);
		if (!standing) {
			reply.code(401).send();
			return;
		}
		const count = (counts.get(hash) ?? 0) + 1;
		counts.set(hash, count);
		reply.header("ratelimit-policy", `"key";q=${LIMIT};w=60`);
		reply.header("ratelimit", `"key";r=${LIMIT - count};t=60`);
		return standing;
	};
	return {
		app,
		admit
	};
}
const hashOf = (key) => createHash("sha256").update(key).digest("hex");
export { bareApp as t };

//# sourceMappingURL=bare-app-DE-wwR71.js.map