package dev.datapipeline.api;

import jakarta.ws.rs.ApplicationPath;
import jakarta.ws.rs.core.Application;
import org.eclipse.microprofile.openapi.annotations.OpenAPIDefinition;
import org.eclipse.microprofile.openapi.annotations.enums.SecuritySchemeType;
import org.eclipse.microprofile.openapi.annotations.info.Info;
import org.eclipse.microprofile.openapi.annotations.info.License;
import org.eclipse.microprofile.openapi.annotations.security.SecurityScheme;

/** Serves the HTTP API at {@code /api} and describes it for OpenAPI. */
@ApplicationPath("/api")
@OpenAPIDefinition(
    info =
        @Info(
            title = "datapipeline",
            version = "1",
            description =
                "Post events, read them, and control the pipeline. Posting requires the role producer or"
                    + " operator, controlling the role operator. API_READ_ACCESS sets who may read"
                    + " without credentials; the roles reader and operator always may. Errors are"
                    + " application/problem+json (RFC 9457).",
            license =
                @License(name = "Apache-2.0", url = "https://www.apache.org/licenses/LICENSE-2.0")))
@SecurityScheme(
    securitySchemeName = ApiApplication.OPERATOR,
    type = SecuritySchemeType.HTTP,
    scheme = "basic",
    description = "The name and the password of a user with the required role")
public class ApiApplication extends Application {
  static final String OPERATOR = "operator";
}
