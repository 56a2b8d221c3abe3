// Signing in at the offline WorkOS, over the paths that AuthKit's clients use.

/** Who can sign in: a control of the offline issuer. */
export async function workosPeople(issuer) {
  return (await (await fetch(`${origin(issuer)}/__offline__/people`)).json()).people;
}

/** Password sign-in; `getToken` is what `authkit.getAccessToken()` would be. */
export async function signInAtWorkos({ workos }, person) {
  const clientId = workos.split("/user_management/")[1];
  const authenticate = async (members) => {
    const response = await fetch(`${origin(workos)}/user_management/authenticate`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ client_id: clientId, ...members }),
    });
    const body = await response.json();
    if (body.code === "organization_selection_required") {
      return authenticate({
        grant_type: "urn:workos:oauth:grant-type:organization-selection",
        pending_authentication_token: body.pending_authentication_token,
        organization_id: body.organizations[0].id,
      });
    }
    if (!response.ok) throw new Error(body.message ?? body.error_description ?? response.statusText);
    return { ...body, until: Date.now() + 240_000 }; // access tokens live 300 s
  };
  let current = await authenticate({ grant_type: "password", email: person.email, password: "offline-password" });
  let refreshing = null; // a refresh token works once, so two requests must share one refresh
  return {
    async getToken() {
      if (current.until < Date.now()) {
        refreshing ??= authenticate({ grant_type: "refresh_token", refresh_token: current.refresh_token });
        current = await refreshing.finally(() => (refreshing = null));
      }
      return current.access_token;
    },
  };
}

function origin(issuer) {
  return new URL(issuer).origin;
}
