// The stand-ins and their names. engine.sh sets the variables: versions from pom.xml, names from docker-compose.yml
// and liberty/Dockerfile.
variable "DEBIAN_IMAGE" {}
variable "KAFKA_VERSION" {}
variable "POSTGRES_VERSION" {}
variable "POSTGRES_MAJOR" {}
variable "MAVEN_IMAGE" {}
variable "KAFKA_IMAGE" {}
variable "POSTGRES_IMAGE" {}
variable "JRE_IMAGE" {}
variable "PROMETHEUS_IMAGE" {}
variable "ALERTMANAGER_IMAGE" {}

group "default" {
  targets = ["maven", "kafka", "postgres", "jre", "prometheus", "alertmanager"]
}

target "base" {
  args = {
    DEBIAN_IMAGE     = DEBIAN_IMAGE
    KAFKA_VERSION    = KAFKA_VERSION
    POSTGRES_VERSION = POSTGRES_VERSION
    POSTGRES_MAJOR   = POSTGRES_MAJOR
  }
  labels = { "dev.datapipeline.stand-in" = "true" }
}

target "maven" {
  inherits = ["base"]
  target   = "maven"
  tags     = [MAVEN_IMAGE]
}

target "kafka" {
  inherits = ["base"]
  target   = "kafka"
  tags     = [KAFKA_IMAGE]
}

target "postgres" {
  inherits = ["base"]
  target   = "postgres"
  tags     = [POSTGRES_IMAGE]
}

target "jre" {
  inherits = ["base"]
  target   = "jre"
  tags     = [JRE_IMAGE]
}

target "prometheus" {
  inherits = ["base"]
  target   = "prometheus"
  tags     = [PROMETHEUS_IMAGE]
}

target "alertmanager" {
  inherits = ["base"]
  target   = "alertmanager"
  tags     = [ALERTMANAGER_IMAGE]
}
