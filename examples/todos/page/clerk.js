// Signing in at the offline Clerk, over the paths that clerk-js itself uses.

/** Who can sign in: a control of the offline issuer. */
export async function clerkPeople(issuer) {
  return (await (await fetch(`${issuer}/__offline__/people`)).json()).people;
}

/** Password sign-in; `getToken` is what `Clerk.session.getToken()` would be. */
export async function signInAtClerk({ clerk }, person) {
  const body = new URLSearchParams({ identifier: person.email, password: "offline-password" });
  const { response } = await call(`${clerk}/v1/client/sign_ins`, { method: "POST", body });
  const sessions = `${clerk}/v1/client/sessions/${response.created_session_id}`;
  let kept = null; // { jwt: a promise, until }: requests at the same moment share one token
  return {
    async getToken() {
      // Session tokens live 60 s; one is kept until 15 s before its end, as clerk-js does.
      if (!kept || kept.until < Date.now()) {
        const fresh = { jwt: call(`${sessions}/tokens`, { method: "POST" }).then(({ jwt }) => jwt), until: Date.now() + 45_000 };
        fresh.jwt.catch(() => kept === fresh && (kept = null));
        kept = fresh;
      }
      return kept.jwt;
    },
    async setSecondFactor(passed) {
      await call(`${clerk}/__offline__/sessions/${response.created_session_id}`, {
        method: "PATCH",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ second_factor: passed }),
      });
      kept = null; // the next token shows it
    },
  };
}

async function call(url, options) {
  const response = await fetch(url, options);
  const body = await response.json();
  if (!response.ok) throw new Error(body.errors?.[0]?.long_message ?? body.message ?? response.statusText);
  return body;
}
