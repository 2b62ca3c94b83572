from django.urls import path

from offerings import views

SHOP = "tutor/mentorship/schedule"

urlpatterns = [
    path(SHOP, views.shelf, name="shelf"),
    path(f"{SHOP}/new", views.create, name="offering_new"),
    path(f"{SHOP}/resumption", views.resumption, name="sales_resumption"),
    path(f"{SHOP}/<int:offering_id>/edit", views.edit, name="offering_edit"),
    path(f"{SHOP}/<int:offering_id>/copy", views.copy, name="offering_copy"),
    path(f"{SHOP}/<int:offering_id>/archive", views.archive, name="offering_archive"),
    path(f"{SHOP}/<int:offering_id>/unarchive", views.unarchive, name="offering_unarchive"),
    path(f"{SHOP}/<int:offering_id>/delete", views.delete, name="offering_delete"),
]
