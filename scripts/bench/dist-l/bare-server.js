import "./rolldown-runtime-BowF1xt-.js";
import { t as bareApp } from "./bare-app-DE-wwR71.js";
// scripts/bench/bare-server.ts
/**
* The limit we compare with: a bare Fastify route that does for one API key the same header work, look-up, count and log
* line as a request that only authenticates one, with nothing around it. Argument: the key it knows. Prints its address.
*/
const [key = ""] = process.argv.slice(2);
const { app, admit } = bareApp(key);
app.get("/v1/key", (request, reply) => {
	const standing = admit(request, reply);
	return standing ? reply.send(standing) : reply;
});
process.stdout.write(`${await app.listen({
	port: 0,
	host: "127.0.0.1"
})}\n`);
export {};

//# sourceMappingURL=bare-server.js.map