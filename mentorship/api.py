from ninja import NinjaAPI

api = NinjaAPI(title="Mentorship", version="1", docs_url="/docs", openapi_url="/openapi.json", urls_namespace="api")

api.add_router("", "mentorship.people.api.router")
